package placement

import "time"

// Limits of a policy and of a job.
const (
	MaxPatterns = 100  // image patterns of a policy, images of a job
	MaxFactor   = 1000 // more is better said with Every
	MaxWeight   = 1000 // of a strategy
)

// Policy says that images of some names should be on several nodes, always.
//
// Its name in lists of owners is "policy/" and Name.
type Policy struct {
	// Name is up to 63 lower-case letters, digits and inner hyphens.
	Name string `json:"name"`
	// Images are patterns of full names, such as "docker.io/library/redis:7".
	// "*" stands for any characters but "/", "**" for any, "?" for one that
	// is not "/". One that begins with "!" takes names out again. Names with
	// an "@" are matched only by patterns that have one.
	// With none of them, and UsedBy set, all images are meant.
	Images []string `json:"images,omitempty"`
	// UsedBy takes in only what at least so many nodes have. Once so many
	// have had it, it stays for as long as the policy keeps a copy of it:
	// a copy that was put somewhere can't be told from one that is used.
	UsedBy int `json:"used_by,omitempty"`
	// Factor is how many live nodes should have each image; at least 1.
	Factor int `json:"factor,omitempty"`
	// Every, instead of Factor, wants it on all selected nodes, and on those
	// that join later.
	Every bool `json:"every,omitempty"`
	// Select says which nodes may be given copies; without it, all.
	Select Selector `json:"select,omitzero"`
	// Spread names what copies are spread over, the most important first:
	// "zone", "node", or a node label such as "rack". Unset: zone.
	Spread []string `json:"spread,omitempty"`
	// Strategies are weights by the name of a strategy, see [Strategies].
	// Unset: those of [DefaultStrategies].
	Strategies map[string]float64 `json:"strategies,omitempty"`
	// Platforms are those to get, like "linux/arm64", or "all" alone; unset
	// is each node's own.
	Platforms []string `json:"platforms,omitempty"`
	// Pin keeps garbage collection from the copies. Unset is true: without
	// it, the kubelet may delete what is then got again.
	Pin *bool `json:"pin,omitempty"`
	// Unpack prepares the image for use once it is there.
	Unpack bool `json:"unpack,omitempty"`
	// PullSecret names the credentials for the registry, as the tracker
	// knows them. The policy has no secret in it.
	PullSecret string `json:"pull_secret,omitempty"`
	Budget     Budget `json:"budget,omitzero"`
	// Deadline bounds one copy on its way, from when its node is told. It is
	// tried again, elsewhere if another node is as good. Unset: an hour.
	Deadline Duration `json:"deadline,omitempty"`
	// RepairAfter is how long a node may be away before its copies are made
	// anew elsewhere: a reboot is not a crash. Unset: 5 minutes. The tracker
	// forgets dead nodes after its purge-after, and then it waits no longer.
	RepairAfter Duration `json:"repair_after,omitempty"`
}

// Budget bounds what goes on at one time for a policy or job.
type Budget struct {
	// Rate is for all its copies together, in bytes per second, as an equal
	// share for each of Parallel; 0 is no bound.
	Rate int64 `json:"rate,omitempty"`
	// RatePerNode bounds each copy, in bytes per second; 0 is no bound.
	RatePerNode int64 `json:"rate_per_node,omitempty"`
	// Parallel is how many copies are under way at a time; 0 is 8.
	Parallel int `json:"parallel,omitempty"`
}

// Selector says which nodes are meant: those for which all that is set is true.
type Selector struct {
	// Nodes are names; any of them.
	Nodes []string `json:"nodes,omitempty"`
	// Zones are names; any of them.
	Zones []string `json:"zones,omitempty"`
	// Labels have to be there, with these values.
	Labels map[string]string `json:"labels,omitempty"`
	// Except are labels none of which may be there with that value; an empty
	// value stands for any. It is for spot nodes, for instance.
	Except map[string]string `json:"except,omitempty"`
}

// Duration is a time.Duration that is written as "5m0s".
type Duration time.Duration

// MarshalText implements [encoding.TextMarshaler].
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Owner is how the policy signs pins.
func (p *Policy) Owner() string { return "policy/" + p.Name }

func (p *Policy) pins() bool { return p.Pin == nil || *p.Pin }

const (
	defaultParallel    = 8
	defaultDeadline    = time.Hour
	defaultRepairAfter = 5 * time.Minute
)

func (p *Policy) repairAfter() time.Duration { return orElse(p.RepairAfter, defaultRepairAfter) }
func (p *Policy) deadline() time.Duration    { return orElse(p.Deadline, defaultDeadline) }

func orElse(d Duration, unset time.Duration) time.Duration {
	if d == 0 {
		return unset
	}
	return time.Duration(d)
}

func (b Budget) parallel() int {
	if b.Parallel == 0 {
		return defaultParallel
	}
	return b.Parallel
}

// rate is that of one copy, in bytes per second; 0 is no bound.
func (b Budget) rate() int64 {
	rate := b.RatePerNode
	if b.Rate > 0 {
		share := max(1, b.Rate/int64(b.parallel()))
		if rate == 0 || share < rate {
			rate = share
		}
	}
	return rate
}
