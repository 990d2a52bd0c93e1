package admin

import "time"

// Summary is the cluster at a glance.
type Summary struct {
	Tracker Tracker `json:"tracker"`
	Nodes   States  `json:"nodes"`
	Content Content `json:"content"`
	Pulls   Traffic `json:"pulls"`
	// ClosedGates hold back verdicts that rest on silence alone.
	ClosedGates []string `json:"closed_gates" doc:"What holds back verdicts from silence alone"`
}

// Tracker is the one that answers.
type Tracker struct {
	Status    string    `json:"status" enum:"loading,ready,stopping"`
	Version   string    `json:"version,omitempty"`
	StartedAt time.Time `json:"started_at"`
	Memory    *Memory   `json:"memory,omitempty" doc:"The trackers' common memory; absent where none is configured"`
}

// Memory is how it stands with the common memory.
type Memory struct {
	State    string `json:"state" enum:"loading,warm,filling,no redis" doc:"loading: no node is answered yet; warm: all is well; filling: nothing could be loaded, the nodes are announcing themselves; no redis: it is away, the tracker works without"`
	Trackers int    `json:"trackers" doc:"Trackers that share it and are there, as they were last seen; this one among them"`
	Written  int64  `json:"written" doc:"Nodes written since the tracker's start"`
	Failures int64  `json:"failures" doc:"Attempts that failed since the tracker's start"`
}

// States counts nodes.
type States struct {
	Joining  int `json:"joining" doc:"Known, but not heard of yet"`
	Ready    int `json:"ready" doc:"Alive"`
	Suspect  int `json:"suspect" doc:"Not to be used first"`
	Dead     int `json:"dead" doc:"Not to be used"`
	Draining int `json:"draining" doc:"Leaving as planned: in no answer, but still serving"`
	Gone     int `json:"gone" doc:"Has left"`
}

// Content is how much is known.
type Content struct {
	Digests  int   `json:"digests" doc:"That some node holds"`
	Images   int   `json:"images" doc:"Names that some node has"`
	Holdings int64 `json:"holdings" doc:"Pairs of a digest and a node that holds it"`
	Withheld int64 `json:"withheld" doc:"Holdings that are in no answer because a peer has spoken against them"`
}

// Traffic is what nodes have told this tracker of their pulls since its start.
type Traffic struct {
	Running     int64 `json:"running" doc:"Pulls under way"`
	Complete    int64 `json:"complete" doc:"Pulls that ended with all bytes there"`
	Ended       int64 `json:"ended" doc:"Pulls that ended, and short as far as the tracker has heard"`
	Lost        int64 `json:"lost" doc:"Pulls whose node died, or stopped speaking of them"`
	PeerBytes   int64 `json:"peer_bytes" doc:"Bytes that came from other nodes"`
	OriginBytes int64 `json:"origin_bytes" doc:"Bytes that came from registries"`
}

// Page is the frame of a list.
type Page struct {
	Total int    `json:"total" doc:"How many match in all"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; absent on the last one"`
}

// Zones has the nodes by zone.
type Zones struct {
	Items []Zone `json:"items"`
}

// Zone counts the nodes of one zone.
type Zone struct {
	Zone  string `json:"zone" doc:"Empty for nodes that have none"`
	Nodes States `json:"nodes"`
}
