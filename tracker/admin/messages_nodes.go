package admin

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// Nodes is a page of nodes, by name.
type Nodes struct {
	Items []Node `json:"items"`
	Page
}

// Node is what a list tells of a node.
type Node struct {
	Name      string            `json:"name"`
	State     string            `json:"state" enum:"joining,ready,suspect,dead,draining,gone"`
	Zone      string            `json:"zone,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Addr      string            `json:"addr" doc:"Of its peer side, host:port"`
	Version   string            `json:"version,omitempty" doc:"Of its seeder"`
	Epoch     int64             `json:"epoch" doc:"Tells this run of its seeder from others"`
	Uploads   int               `json:"uploads" doc:"Blobs that it was sending at its last heartbeat"`
	Busy      bool              `json:"busy,omitempty" doc:"It would send another one away just now"`
	Degraded  string            `json:"degraded,omitempty" doc:"Why it is up but can't serve well"`
	Stability float64           `json:"stability" minimum:"0" maximum:"1" doc:"How well it has done lately: 1 is best"`
	Digests   int               `json:"digests" doc:"That it holds"`
	Images    int               `json:"images" doc:"Names that it has"`
}

// NodeDetail is all about one node.
type NodeDetail struct {
	Node
	SilentMS int64      `json:"silent_ms" doc:"Milliseconds since it was last heard; negative in the grace after the tracker's start"`
	Load     NodeLoad   `json:"load"`
	History  History    `json:"history"`
	Pulls    []PullItem `json:"pulls" doc:"Under way"`
}

// NodeLoad is what the node said of itself with its last heartbeat.
type NodeLoad struct {
	Uploads    int   `json:"uploads" doc:"Blobs that it is sending"`
	Slots      int   `json:"slots" doc:"How many it sends at most at one time; 0 is no bound"`
	UploadRate int64 `json:"upload_rate" doc:"Bytes per second that it has lately been sending"`
	LatencyMS  int64 `json:"latency_ms" doc:"What neighbours lately waited for its first bytes, the 95th percentile in milliseconds"`
}

// History is a node's past, as this tracker has seen it.
type History struct {
	Flaps    int    `json:"flaps" doc:"Returns from the dead"`
	Failures int    `json:"failures" doc:"Deaths"`
	UptimeMS int64  `json:"uptime_ms" doc:"Milliseconds since it last restarted or came back; 0 when it is not there"`
	Latest   []Past `json:"latest" doc:"Verdicts, the newest first"`
}

// Past is a verdict of the past.
type Past struct {
	At     time.Time `json:"at"`
	State  string    `json:"state"`
	Reason string    `json:"reason"`
}

// NodeChange is the answer to drain and undrain.
type NodeChange struct {
	Node  string       `json:"node"`
	State string       `json:"state"`
	Drain *DrainStatus `json:"drain,omitempty" doc:"With save: how far it is"`
}

// Inventory is a page of a node's digests, by digest.
type Inventory struct {
	Items []Held `json:"items"`
	Page
}

// Held is a digest that a node has.
type Held struct {
	Digest digest.Digest `json:"digest"`
	Live   int           `json:"live" doc:"Holders that may be handed out now; in a node's list it is among them if it may"`
}
