package admin

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/placement"
)

// Placement says who places content.
type Placement struct {
	Acting  bool   `json:"acting" doc:"This tracker does"`
	Planned bool   `json:"planned" doc:"This tracker does, and has made its first plan"`
	Tracker string `json:"tracker,omitempty" doc:"The ID of the tracker that does, as this one last heard; absent if nobody does"`
	Term    int64  `json:"term" doc:"Grows each time another tracker begins; 0 on the others"`
	Away    bool   `json:"away" doc:"The common memory can't be reached: nothing new is placed until it can"`
	// Fault is of the file with policies.
	Fault    string     `json:"fault,omitempty" doc:"What is wrong with the file of policies; they stay as they were before"`
	Conflict []Conflict `json:"contradictions" doc:"Policies that can't both be"`
}

// Conflict is two policies that can't both be.
type Conflict struct {
	Policy string `json:"policy"`
	Other  string `json:"other"`
	Reason string `json:"reason"`
}

// Policies are all policies, by name.
type Policies struct {
	Items []PolicyItem `json:"items"`
}

// PolicyItem is a policy and how it stands.
type PolicyItem struct {
	Policy placement.Policy `json:"policy"`
	Filed  bool             `json:"filed" doc:"It comes from the tracker's file, and is changed there"`
	Images int              `json:"images" doc:"That it wants somewhere"`
	Short  int              `json:"short" doc:"Of them, those with fewer live copies than wanted"`
}

// PolicyDetail is a policy with each of its images.
type PolicyDetail struct {
	PolicyItem
	Status []PolicyImage `json:"status" doc:"By image; empty before the first plan that knows of the policy"`
}

// PolicyImage is how it stands with one image of one policy.
type PolicyImage struct {
	Image   string        `json:"image"`
	Digest  digest.Digest `json:"digest"`
	Wanted  int           `json:"wanted" doc:"Copies"`
	Have    []string      `json:"have" doc:"Live nodes that keep a copy for the policy"`
	Coming  []string      `json:"coming" doc:"Nodes that are getting one"`
	Missing int           `json:"missing" doc:"How many copies there will be too few when those have come"`
	Reasons []PlaceReason `json:"reasons" doc:"Why, or what it waits for"`
}

// PlaceReason is why there is not what should be.
type PlaceReason struct {
	Cause string     `json:"cause" enum:"nodes,spread,room,repair,budget,held,failed" doc:"nodes: too few are selected, or live; spread: too few zones, or whatever it is spread over; room: nodes have none; repair: a node is away that may come back; budget: enough is under way; held: nodes can't be judged, or too many are away; failed: it has failed, and is tried again"`
	Text  string     `json:"text"`
	Until *time.Time `json:"until,omitempty" doc:"When it is looked at again because of it"`
}

// DryRun is what a policy would cost, and what of it can't be.
type DryRun struct {
	Images        int            `json:"images" doc:"That it claims"`
	Copies        int            `json:"copies" doc:"To be made"`
	Bytes         int64          `json:"bytes" doc:"Of those whose size is known"`
	Unknown       int            `json:"unknown" doc:"Copies whose size is not known"`
	Zones         map[string]int `json:"zones" doc:"Copies by zone"`
	Status        []PolicyImage  `json:"status"`
	Contradiction []Conflict     `json:"contradictions" doc:"With policies that there are"`
}

// Places is every node as a candidate for one image of one policy.
type Places struct {
	Policy string        `json:"policy"`
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	Items  []Place       `json:"items" doc:"The best first, then those that are no candidates"`
	Total  int           `json:"total" doc:"How many there are in all"`
}

// Place is a node in the light of one policy and image.
type Place struct {
	Node     string             `json:"node"`
	Zone     string             `json:"zone,omitempty"`
	Holds    bool               `json:"holds" doc:"It has the image"`
	Chosen   bool               `json:"chosen" doc:"It should have a copy"`
	Score    float64            `json:"score"`
	Parts    map[string]float64 `json:"parts" doc:"They add up to the score: a strategy's value times its weight"`
	Excluded string             `json:"excluded,omitempty" doc:"Why it is no candidate"`
}

// Capacity is the room for replicas: of all zones, and of a page of the live
// nodes, by name.
type Capacity struct {
	Zones []Room `json:"zones" doc:"All, whatever the page"`
	Nodes []Room `json:"nodes" doc:"A page, by name"`
	Page
}

// Room is what a node, or a zone, has for replicas.
type Room struct {
	Node     string `json:"node,omitempty" doc:"Absent in a zone's sum"`
	Zone     string `json:"zone,omitempty"`
	Nodes    int    `json:"nodes"`
	Total    int64  `json:"total" doc:"Bytes of the file systems that content lies on"`
	Free     int64  `json:"free" doc:"Bytes"`
	Usable   int64  `json:"usable" doc:"Bytes that replicas may still take"`
	Replicas int    `json:"replicas" doc:"Images that are kept for policies and jobs"`
	Unknown  int    `json:"unknown" doc:"Nodes that have not told theirs"`
}

// Loss is what would go with some nodes, image by image.
type Loss struct {
	Images  int         `json:"images" doc:"Of which no whole copy would be left"`
	Bytes   int64       `json:"bytes" doc:"That no live node would have, each blob once: they would have to come from upstream again"`
	Unknown int         `json:"unknown" doc:"Of these images, those whose parts are not known, so that their bytes are missing in the sum"`
	Items   []LostImage `json:"items" doc:"At most 100, the largest first"`
}

// LostImage is an image of which no whole copy would be left.
type LostImage struct {
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	Bytes  int64         `json:"bytes" doc:"That nobody would have"`
	Known  bool          `json:"known" doc:"Its parts are known"`
}

// DrainStatus is a drain that saves content first.
type DrainStatus struct {
	Node     string         `json:"node"`
	State    string         `json:"state" enum:"saving,blocked,left,dead" doc:"saving: what only the node has is being copied; blocked: the deadline has passed before that was done, or no node can take it, and somebody has to decide; left: the node is drained; dead: it died before"`
	Created  time.Time      `json:"created"`
	Deadline *time.Time     `json:"deadline,omitempty"`
	Force    bool           `json:"force,omitempty"`
	Images   int            `json:"images" doc:"That had to be saved, at first"`
	Left     []LeftoverItem `json:"left" doc:"What is not elsewhere yet, at most 200"`
	Reason   string         `json:"reason,omitempty" doc:"What a blocked drain waits for, and what would be lost"`
}

// LeftoverItem is an image that a node should not leave with.
type LeftoverItem struct {
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	Live   int           `json:"live" doc:"Other live nodes that have it: 0 means that it would be lost"`
	Wanted int           `json:"wanted" doc:"How many should"`
	Bytes  int64         `json:"bytes,omitempty" doc:"Absent where they are not known"`
	Stuck  bool          `json:"stuck,omitempty" doc:"No node can take it: waiting will not help"`
	Reason string        `json:"reason,omitempty" doc:"What it waits for"`
}

// Drains are all drains that save, by node.
type Drains struct {
	Items []DrainStatus `json:"items"`
}

// Named is the answer to a change.
type Named struct {
	Name string `json:"name"`
}

// WorkItem is news of what the trackers want nodes to have.
type WorkItem struct {
	ID      uint64    `json:"id"`
	At      time.Time `json:"at"`
	Kind    string    `json:"kind" enum:"job,task,policy,drain"`
	Name    string    `json:"name" doc:"The job's or task's ID, or the policy's or node's name"`
	State   string    `json:"state"`
	Node    string    `json:"node,omitempty"`
	Image   string    `json:"image,omitempty"`
	Wanted  []string  `json:"wanted" doc:"Who wants a task, as in job/7f3a"`
	Offset  int64     `json:"offset" doc:"Bytes that are there"`
	Size    int64     `json:"size" doc:"Bytes in all, as far as is known"`
	Done    int       `json:"done" doc:"Pairs of a node and an image of a job, as the other three"`
	Failed  int       `json:"failed"`
	Running int       `json:"running"`
	Waiting int       `json:"waiting"`
	Reason  string    `json:"reason,omitempty"`
}
