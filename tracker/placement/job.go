package placement

import "time"

// MaxRetries bounds a job's attempts on one node, besides the first.
const MaxRetries = 100

// Job gets images to nodes once, before they ask: a prewarm.
//
// Its name in lists of owners is "job/" and ID.
type Job struct {
	// ID is given by whoever takes the job in: up to 63 lower-case letters,
	// digits and inner hyphens.
	ID string `json:"id"`
	// Images are full names, without patterns: "docker.io/library/redis:7".
	// What a tag stands for is asked upstream by the first nodes, and is then
	// the same for those that follow. A name with "@sha256:…" is for that
	// digest.
	Images []string `json:"images"`
	Select Selector `json:"select,omitzero"`
	Budget Budget   `json:"budget,omitzero"`
	// Deadline bounds the whole job, from Created; what is not done by then
	// is given up. Unset: none.
	Deadline Duration `json:"deadline,omitempty"`
	// Retries is how often a node tries again what failed.
	Retries    int      `json:"retries,omitempty"`
	Platforms  []string `json:"platforms,omitempty"`
	PullSecret string   `json:"pull_secret,omitempty"`
	Unpack     bool     `json:"unpack,omitempty"`
	// Pin keeps the images on their nodes for as long as the job is kept.
	Pin bool `json:"pin,omitempty"`
	// Standing: nodes that join later are meant, too. Such a job is never
	// over, and what vanishes from a node is got again.
	Standing bool `json:"standing,omitempty"`

	Created time.Time `json:"created"`
	// Cancelled: nothing more is done for it, and what is under way is given up.
	Cancelled bool `json:"cancelled,omitempty"`
}

// Owner is how the job signs pins.
func (j *Job) Owner() string { return "job/" + j.ID }

// Expired says whether the job's deadline has passed.
func (j *Job) Expired(now time.Time) bool {
	return j.Deadline > 0 && now.Sub(j.Created) >= time.Duration(j.Deadline)
}

func (j *Job) over(now time.Time) bool { return j.Cancelled || j.Expired(now) }
