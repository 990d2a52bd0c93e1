package admin

import (
	"time"

	"github.com/opencontainers/go-digest"
)

// Digests is a page of digests that somebody holds, in their order.
type Digests struct {
	Items []Held `json:"items"`
	Page
}

// DigestDetail is all about one digest.
type DigestDetail struct {
	Digest   digest.Digest `json:"digest"`
	Size     int64         `json:"size,omitempty" doc:"Bytes; known only while some node is fetching it"`
	Live     int           `json:"live" doc:"Holders that may be handed out now"`
	Holders  States        `json:"holders" doc:"All that hold it whole"`
	Withheld int           `json:"withheld" doc:"Holders that are in no answer because a peer has spoken against their copy"`
	Partial  int           `json:"partial" doc:"Nodes that are fetching it"`
	Leases   int           `json:"leases" doc:"Nodes that have leave to fetch it from the origin"`
	Zones    []Coverage    `json:"zones" doc:"All zones, by name"`
	Images   []string      `json:"images" doc:"Names that point to it, at most 100: only an image's own manifest or index has any"`
}

// Coverage is how much of a zone has something.
type Coverage struct {
	Zone string `json:"zone"`
	Live int    `json:"live" doc:"Nodes of the zone that have it and may be handed out"`
	Of   int    `json:"of" doc:"Nodes of the zone that may be handed out"`
}

// Holders is a page of a digest's complete holders, by name.
type Holders struct {
	Items []HolderItem `json:"items"`
	Page
}

// HolderItem is a node that has a whole blob.
type HolderItem struct {
	Node     string `json:"node"`
	State    string `json:"state" enum:"joining,ready,suspect,dead,draining,gone"`
	Zone     string `json:"zone,omitempty"`
	Addr     string `json:"addr"`
	Withheld bool   `json:"withheld,omitempty" doc:"A peer has spoken against this copy: it is in no answer until its node has checked it"`
}

// Swarm is what is on its way between nodes of one digest. The nodes and their
// parents are a tree, or several: a parent that is not among the nodes has the
// whole blob, and an empty one is the origin.
type Swarm struct {
	Digest  digest.Digest `json:"digest"`
	Size    int64         `json:"size,omitempty" doc:"Bytes; absent while unknown"`
	Leases  []Lease       `json:"leases"`
	Waiting int           `json:"waiting" doc:"Nodes that wait for somebody's first bytes"`
	Nodes   []Partial     `json:"nodes" doc:"By depth, so that a list that is cut off is still a tree"`
	Total   int           `json:"total" doc:"How many there are in all"`
}

// Lease is the leave to fetch from the origin.
type Lease struct {
	Node  string    `json:"node"`
	Since time.Time `json:"since"`
}

// Partial is a node that is fetching the digest.
type Partial struct {
	Node   string `json:"node"`
	Zone   string `json:"zone,omitempty"`
	Parent string `json:"parent" doc:"Where its bytes come from; empty for the origin, and while that is not known"`
	Depth  int    `json:"depth" doc:"Partial holders that its bytes pass on their way to it"`
	Offset int64  `json:"offset" doc:"Bytes that are there"`
	Rate   int64  `json:"rate" doc:"Bytes per second, lately"`
}

// Swarms lists digests that are on their way, by digest.
type Swarms struct {
	Items []SwarmItem `json:"items"`
	Page
}

// SwarmItem is a digest that is on its way.
type SwarmItem struct {
	Digest  digest.Digest `json:"digest"`
	Size    int64         `json:"size,omitempty"`
	Nodes   int           `json:"nodes" doc:"That are fetching it"`
	Leases  int           `json:"leases"`
	Waiting int           `json:"waiting"`
}

// Images is a page of image names.
type Images struct {
	Items []ImageItem `json:"items"`
	Page
}

// ImageItem is a name that some node has.
type ImageItem struct {
	Name    string        `json:"name"`
	Digest  digest.Digest `json:"digest,omitempty" doc:"The newest that a node has that may be handed out"`
	Digests int           `json:"digests" doc:"Different digests that nodes have by this name"`
	Nodes   int           `json:"nodes" doc:"That have the name"`
}

// ImageDetail is what the cluster has by one name.
type ImageDetail struct {
	Name     string    `json:"name"`
	Versions []Version `json:"versions" doc:"The newest first, at most 100"`
}

// Version is one digest that nodes have by a name.
type Version struct {
	Digest    digest.Digest `json:"digest"`
	UpdatedAt time.Time     `json:"updated_at" doc:"When a node last set the name to it, by that node's clock"`
	Nodes     int           `json:"nodes" doc:"That have the name for this digest"`
	Live      int           `json:"live" doc:"Holders of the digest that may be handed out now"`
	Zones     []Coverage    `json:"zones"`
}

// Risks is a page of digests that have, or would have, too few live holders:
// the fewest first, then by digest.
type Risks struct {
	Items []Risk `json:"items"`
	Page
	Lost int `json:"lost" doc:"How many of all that match have no live holder left"`
	// Loss is for what-if alone.
	Loss *Loss `json:"loss,omitempty" doc:"what-if: the images that would be lost, and their bytes"`
}

// Risk is a digest with too few live holders.
type Risk struct {
	Digest digest.Digest `json:"digest"`
	Live   int           `json:"live" doc:"Holders that may be handed out: now, or that would be left"`
	Images []string      `json:"images" doc:"Names that point to it, at most 10: only an image's own manifest or index has any"`
}

// Explanation is a lookup's answer with its reasons.
type Explanation struct {
	Digest     digest.Digest  `json:"digest"`
	Node       string         `json:"node" doc:"The asker; it need not be known"`
	Zone       string         `json:"zone,omitempty" doc:"Of the asker"`
	Limit      int            `json:"limit" doc:"So many candidates are handed out at most"`
	Candidates []Candidate    `json:"candidates" doc:"In the order of the answer; where all that is shown is equal, chance decides, and may do otherwise the next time"`
	Excluded   []ExcludedItem `json:"excluded" doc:"Holders that are not handed out to this asker, at most 100"`
	Unseen     int            `json:"unseen" doc:"Holders that were not looked at, because enough good ones had been seen"`
}

// Candidate is a holder in its place.
type Candidate struct {
	Node      string  `json:"node"`
	Zone      string  `json:"zone,omitempty"`
	Addr      string  `json:"addr"`
	HandedOut bool    `json:"handed_out"`
	Class     string  `json:"class" doc:"The first thing that decides: near or far, and what makes it come late"`
	Uploads   int     `json:"uploads" doc:"The second: fewer are better"`
	Stability float64 `json:"stability" doc:"The third, in quarters: more is better"`
}

// ExcludedItem is a holder that is not handed out.
type ExcludedItem struct {
	Node   string `json:"node"`
	Reason string `json:"reason" doc:"The node's state, or: the asker itself; withheld"`
}
