package admin

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/placement"
)

// JobRequest is a job to be begun.
type JobRequest struct {
	ID         string             `json:"id,omitempty" doc:"Up to 63 lower-case letters, digits and inner hyphens; without it one is made"`
	Images     []string           `json:"images" minItems:"1" maxItems:"100" doc:"Full names, such as docker.io/library/redis:7"`
	Select     placement.Selector `json:"select,omitzero" doc:"Which nodes; without it, all"`
	Budget     placement.Budget   `json:"budget,omitzero"`
	Deadline   placement.Duration `json:"deadline,omitempty" doc:"For the whole job, like 10m; without it, none"`
	Retries    int                `json:"retries,omitempty" doc:"How often a node tries again what has failed"`
	Platforms  []string           `json:"platforms,omitempty" doc:"Like linux/arm64, or all alone; without it, each node's own"`
	PullSecret string             `json:"pull_secret,omitempty" doc:"Names the credentials, as the tracker knows them"`
	Unpack     bool               `json:"unpack,omitempty" doc:"Make the image ready for use"`
	Pin        bool               `json:"pin,omitempty" doc:"Keep garbage collection from it for as long as the job is kept"`
	Standing   bool               `json:"standing,omitempty" doc:"Nodes that join later are meant, too: the job is never over"`
}

// Jobs are all jobs, the latest first.
type Jobs struct {
	Items []JobItem `json:"items"`
}

// JobItem is a job and how it stands.
type JobItem struct {
	Job       placement.Job `json:"job"`
	State     string        `json:"state" enum:"new,running,standing,over,cancelled" doc:"new: no plan knows of it yet; standing: it goes on for nodes that join"`
	Done      int           `json:"done" doc:"Pairs of a node and an image, as the other four"`
	Failed    int           `json:"failed"`
	Cancelled int           `json:"cancelled"`
	Running   int           `json:"running"`
	Waiting   int           `json:"waiting"`
	Finished  *time.Time    `json:"finished,omitempty"`
}

// JobDetail is a job with its progress.
type JobDetail struct {
	JobItem
	Offset int64 `json:"offset" doc:"Bytes that are there, of tasks that nodes have begun"`
	Size   int64 `json:"size" doc:"Bytes of those tasks, as far as is known"`
	// Images are those of the job.
	Images []JobImage `json:"images" doc:"How the job's images stand now, whoever got them"`
}

// JobImage is one image of a job.
type JobImage struct {
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest,omitempty" doc:"The newest that a live node has by this name; absent if none has any"`
	Live   int           `json:"live" doc:"Live nodes that have this digest by this name"`
}

// JobNodes is a page of a job's nodes and images.
type JobNodes struct {
	Items []JobNode `json:"items"`
	Page
}

// JobNode is one image on one node.
type JobNode struct {
	Node    string     `json:"node"`
	Image   string     `json:"image"`
	Phase   string     `json:"phase" enum:"waiting,pulling,done,failed,cancelled"`
	Attempt int        `json:"attempt,omitempty"`
	Reason  string     `json:"reason,omitempty" doc:"Why it failed, or waits"`
	Offset  int64      `json:"offset" doc:"Bytes that are there"`
	Size    int64      `json:"size" doc:"Bytes in all; 0 while unknown"`
	Layers  []JobLayer `json:"layers" doc:"Empty where they are not known"`
}

// JobLayer is one blob on its way.
type JobLayer struct {
	Digest digest.Digest `json:"digest"`
	Offset int64         `json:"offset"`
	Size   int64         `json:"size"`
}
