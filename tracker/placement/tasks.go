package placement

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	// settling is how long a task that is done counts as a copy, before the
	// node has to have said so itself.
	settling = time.Minute
	// spoilt so many nodes that failed lately, an image waits everywhere: it
	// is probably not the nodes.
	spoilt = 3

	firstPause = 15 * time.Second
	maxPause   = 30 * time.Minute
)

// TaskID is what a task is called: the same whoever plans it. The job is empty
// where the digest is known.
func TaskID(node, image string, d digest.Digest, job string) string {
	h := sha256.New()
	for _, part := range []string{node, image, string(d), job} {
		_, _ = io.WriteString(h, part)
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// pause is how long a node is left alone with what it has failed to get: twice
// as long with each attempt.
func pause(attempt int) time.Duration {
	return min(firstPause<<min(max(attempt-1, 0), 10), maxPause)
}

// meant is the digest of a task, whoever knows it: the node has resolved what
// the tracker could not.
func (k *Known) meant() digest.Digest { return cmp.Or(k.State.Digest, k.Digest) }

// use keeps a task in the plan, for one who wants it. A new attempt takes the place
// of the one before.
func (p *planner) use(k *Known, owner string, pins bool) {
	if u := p.used[k.ID]; u != nil && k.Over() && !u.Over() {
		k = u
	}
	if p.used[k.ID] != k {
		k.Wanted, k.Owners = nil, nil
		p.used[k.ID] = k
		if !k.Over() {
			p.underway++
		}
	}
	k.Wanted = with(k.Wanted, owner)
	if pins {
		k.Owners = with(k.Owners, owner)
	}
}

func with(all []string, one string) []string {
	if slices.Contains(all, one) {
		return all
	}
	all = append(slices.Clone(all), one)
	slices.Sort(all)
	return all
}

// order is what is to be given.
type order struct {
	node   int
	image  string
	digest digest.Digest
	job    string // while the digest is not known

	owner      string
	pins       bool
	platforms  []string
	unpack     bool
	pullSecret string
	rate       int64
	deadline   time.Time
}

// give makes a new task, or adds to the one that the plan has already given.
func (p *planner) give(o order) *Known {
	here := spot{o.node, o.image}
	if k := p.at[here]; k != nil && !k.Over() {
		k.Platforms, k.Unpack = union(k.Platforms, o.platforms), k.Unpack || o.unpack
		k.PullSecret = cmp.Or(k.PullSecret, o.pullSecret)
		p.use(k, o.owner, o.pins)
		return k
	}
	n := &p.seats[o.node]
	k := &Known{Task: Task{
		ID: TaskID(n.Name, o.image, o.digest, o.job), Attempt: 1, Node: n.Ordinal, Name: n.Name, Image: o.image, Digest: o.digest,
		Platforms: o.platforms, Unpack: o.unpack, PullSecret: o.pullSecret, Rate: o.rate, Given: p.now, Deadline: o.deadline,
	}}
	if old := p.history[here]; old != nil {
		k.Attempt = old.Attempt + 1
	}
	p.doing[o.image] = append(p.doing[o.image], k)
	p.at[here] = k
	n.tasks++
	n.keeps++
	n.taken += p.bytes(o.digest)
	p.plan.New = append(p.plan.New, k.ID)
	p.use(k, o.owner, o.pins)
	return k
}

// union of platforms. None is the node's own, whichever that is: with others,
// only "all" has it in for sure.
func union(a, b []string) []string {
	switch {
	case slices.Equal(a, b):
		return a
	case len(a) == 0 || len(b) == 0 || slices.Contains(a, "all") || slices.Contains(b, "all"):
		return []string{"all"}
	}
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// failedLately says until when a node is left alone with an image.
func (p *planner) failedLately(here spot) (until time.Time, why string) {
	k := p.history[here]
	if k == nil || k.State.Phase == trackerapi.TaskDone {
		return time.Time{}, ""
	}
	until = k.Ended.Add(pause(k.Attempt))
	if !until.After(p.now) {
		return time.Time{}, ""
	}
	return until, cmp.Or(k.State.Error, string(k.State.Phase))
}

// finish writes the tasks down: those in use, and of those that ended the ones
// that say when it may be tried again.
func (p *planner) finish() {
	for here, k := range p.history {
		if p.used[k.ID] != nil || p.at[here] != nil || k.State.Phase == trackerapi.TaskDone {
			continue
		}
		if again := k.Ended.Add(pause(k.Attempt)); again.Add(pause(k.Attempt)).After(p.now) {
			p.used[k.ID] = k
			p.soon(again)
		}
	}
	for _, k := range p.used {
		p.plan.Tasks = append(p.plan.Tasks, *k)
		if !k.Over() {
			p.soon(k.Deadline)
		}
	}
	slices.SortFunc(p.plan.Tasks, func(a, b Known) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	slices.Sort(p.plan.New)
}
