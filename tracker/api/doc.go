// Package api is the tracker's HTTP edge for nodes: the verbs of package
// trackerapi.
//
// Every verb goes the same way, in [handle]: read a bounded body, decode it,
// check it against the limits of trackerapi, do it, answer. What a verb does
// is then a few lines that speak to the index, the roster and the swarm. Any
// error becomes a trackerapi.Error in one place, [API.refuse].
package api
