// Package trackerapi is the conversation between seeders and trackers: the
// messages, the error codes and a client.
//
// Every request is a POST of one JSON message to /v1/<verb>; the verb is also
// the client's method, the tracker's handler, the word in the log and the
// label of the metric:
//
//	register    a node says who it is and learns how often to be heard
//	announce    what the node holds, as changes or as the whole set
//	heartbeat   a sign of life; the answer may ask for more
//	lookup      who holds these digests?
//	resolve     which digest did these image names last have?
//	join        where do I fetch this digest from, or am I to get it first?
//	progress    what is on its way into this node, and how far it is
//	report      what went wrong with a peer
//	work        what the node does for a tracker that places content
//	leave       a planned goodbye
//
// A seeder tells all of it to every tracker, so that each has its own
// evidence. Messages carry the node's boot epoch: what is said about an
// earlier run of a seeder cannot hit this one.
//
// Bodies are bounded by [MaxBody]; unknown fields are ignored, so that either
// side may be upgraded first.
package trackerapi
