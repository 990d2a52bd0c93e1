package trackerapi

import "github.com/opencontainers/go-digest"

// Limits of one work message, on top of those of all messages.
const (
	MaxTasks = 256    // tasks, and pins, of one node
	MaxParts = 10_000 // blobs of one image's description
)

// WorkRequest tells a tracker that places content what the node does for it, and
// asks what is to be done. It is state, not a log: repeating it does no harm, and
// a tracker that has just begun to place learns from it what is under way.
//
// A node sends it when a heartbeat's answer asks for it (see
// HeartbeatResponse.Work), to the tracker that asked, and goes on while that
// answers with AgainMS.
type WorkRequest struct {
	Sender
	// Tasks are all that the node has been given and not yet been relieved
	// of. One that is over is repeated until an answer has it no more.
	Tasks []TaskState `json:"tasks,omitempty"`
	// Pins are the images that the node keeps for the trackers. They are
	// written in its containerd, and outlive the seeder.
	Pins []Pin `json:"pins,omitempty"`
	Room Room  `json:"room"`
	// Described answers WorkResponse.Describe.
	Described []Description `json:"described,omitempty"`
}

// Room is that of the file system where a node's content lies, in bytes.
type Room struct {
	Total int64 `json:"total"`
	Free  int64 `json:"free"`
}

// Pin is an image that garbage collection, the kubelet's and containerd's, has to
// spare on a node.
type Pin struct {
	Image  string        `json:"image"` // full name, as containerd stores it
	Digest digest.Digest `json:"digest"`
	// Owners are the policies and jobs that want it: "policy/base", "job/7f3a".
	Owners []string `json:"owners"`
}

// Task is an image that a node has to get through its own mirror.
type Task struct {
	// ID stands for one thing to be done on one node. A node never does the
	// same attempt of the same ID twice.
	ID      string `json:"id"`
	Attempt int    `json:"attempt"`
	Image   string `json:"image"` // full name
	// Digest is what the name has to stand for; empty takes what it stands
	// for when the node asks.
	Digest digest.Digest `json:"digest,omitempty"`
	// Platforms are those to get, like "linux/arm64", or "all"; empty is the
	// node's own.
	Platforms []string `json:"platforms,omitempty"`
	// Owners pin it once it is there; without any it is not pinned.
	Owners []string `json:"owners,omitempty"`
	Unpack bool     `json:"unpack,omitempty"`
	// Rate is the most that the node may fetch for this task, in bytes per
	// second; 0 is no bound.
	Rate int64 `json:"rate,omitempty"`
	// LeftMS is the time left for it, in milliseconds; 0 is no bound.
	LeftMS int64 `json:"left_ms,omitempty"`
	// Auth is for the registry upstream, and for nobody else. It is never
	// written to a disk or a log.
	Auth *Auth `json:"auth,omitempty"`
}

// Auth is what a registry wants to know.
type Auth struct {
	Username string `json:"username,omitempty"`
	Password string `json:"password,omitempty"`
	// Token is an identity token, in place of the two.
	Token string `json:"token,omitempty"`
}

// Phase is how far a task is.
type Phase string

// The phases of a task. The last three are the end of it.
const (
	TaskWaiting   Phase = "waiting" // for its turn, or for room on the disk
	TaskPulling   Phase = "pulling"
	TaskDone      Phase = "done"
	TaskFailed    Phase = "failed"
	TaskCancelled Phase = "cancelled"
)

// Over says whether the phase is an end.
func (p Phase) Over() bool { return p == TaskDone || p == TaskFailed || p == TaskCancelled }

// TaskState is what a node says of a task.
type TaskState struct {
	ID      string        `json:"id"`
	Attempt int           `json:"attempt"`
	Phase   Phase         `json:"phase"`
	Digest  digest.Digest `json:"digest,omitempty"` // once the name is resolved
	// Offset of Size bytes are there. Both grow while manifests are read.
	Offset int64        `json:"offset,omitempty"`
	Size   int64        `json:"size,omitempty"`
	Layers []LayerState `json:"layers,omitempty"`
	// Error says why it failed, or what it waits for.
	Error string `json:"error,omitempty"`
}

// LayerState is one blob of a task.
type LayerState struct {
	Digest digest.Digest `json:"digest"`
	Offset int64         `json:"offset"`
	Size   int64         `json:"size"`
}

// Description is what an image consists of on a node that has it.
type Description struct {
	Image  string        `json:"image"`
	Digest digest.Digest `json:"digest"`
	// Parts are all blobs of it that are on the node, manifests among them.
	Parts []Part `json:"parts"`
	// Platforms are those of which the node has everything.
	Platforms []string `json:"platforms,omitempty"`
}

// Part is one blob of an image.
type Part struct {
	Digest digest.Digest `json:"digest"`
	Size   int64         `json:"size"` // bytes
}

// WorkResponse is all that a node has to do, and to keep.
type WorkResponse struct {
	// Tasks are all that the node is to do. One that it has and that is not
	// here is given up, and forgotten.
	Tasks []Task `json:"tasks,omitempty"`
	// Settled: Pins are all that the node has to keep, and what it keeps
	// beyond them is released, which deletes nothing. Otherwise the tracker
	// does not know yet, and nothing is released.
	Settled bool  `json:"settled,omitempty"`
	Pins    []Pin `json:"pins,omitempty"`
	// Describe lists images that the tracker wants to know the parts of.
	Describe []Image `json:"describe,omitempty"`
	// AgainMS is the time until the node's next work message, in
	// milliseconds; 0: when a heartbeat's answer asks for it.
	AgainMS int64 `json:"again_ms,omitempty"`
}
