package placement

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const drainOwner = "drain/"

// drain is a node from which has to be saved what only it has.
type drain struct {
	node   int
	rule   *rule
	images []trackerapi.Image            // by the names under which they are copied
	mine   map[string][]trackerapi.Image // the names that it has for each of them
	has    map[string]digest.Digest      // by name
}

// drains are those under way, in the order of names.
func (p *planner) drains() (all []*drain) {
	for i := range p.seats {
		if n := &p.seats[i]; n.State == Saving {
			policy := &Policy{Factor: 1, RepairAfter: 1, Budget: Budget{Parallel: p.limits.Total}}
			d := &drain{node: i, rule: p.prepare(policy, drainOwner+n.Name), mine: map[string][]trackerapi.Image{}, has: map[string]digest.Digest{}}
			d.list(p)
			all = append(all, d)
		}
	}
	return all
}

// list finds the node's images, each digest once. An image that is the latest of
// its name is copied by that name. An older one is copied by its digest: by its
// name it would take the place of the newer one.
func (d *drain) list(p *planner) {
	byDigest := map[digest.Digest][]trackerapi.Image{}
	for _, i := range p.w.Content.Of(p.seats[d.node].Ordinal) {
		d.has[i.Name] = i.Digest
		if strings.Contains(i.Name, "/") {
			byDigest[i.Digest] = append(byDigest[i.Digest], i)
		}
	}
	for content, names := range byDigest {
		slices.SortFunc(names, func(a, b trackerapi.Image) int { return cmp.Compare(a.Name, b.Name) })
		at := slices.IndexFunc(names, func(i trackerapi.Image) bool {
			return fixed(i.Name) == "" && p.latest[i.Name].Digest == content
		})
		name := byItsDigest(names[0].Name, content)
		if at >= 0 {
			name = names[at].Name
		}
		d.images = append(d.images, trackerapi.Image{Name: name, Digest: content})
		d.mine[name] = names
	}
	slices.SortFunc(d.images, func(a, b trackerapi.Image) int { return cmp.Compare(a.Name, b.Name) })
}

// byItsDigest makes "registry/repository@digest" of a name.
func byItsDigest(name string, d digest.Digest) string {
	name, _, _ = strings.Cut(name, "@")
	if colon := strings.LastIndexByte(name, ':'); colon > strings.LastIndexByte(name, '/') {
		name = name[:colon]
	}
	return name + "@" + string(d)
}

// fixed is the digest in a name that has one.
func fixed(name string) digest.Digest {
	_, d, _ := strings.Cut(name, "@")
	return digest.Digest(d)
}

// claimDrains claims what only a drained node has.
func (p *planner) claimDrains(drains []*drain) (all []*claim) {
	for _, d := range drains {
		for _, i := range d.images {
			if p.others(d, i) == 0 {
				all = append(all, p.claim(d.rule, i.Name, i.Digest))
			}
		}
	}
	return all
}

// others are the live nodes that have it, by any of its names.
func (p *planner) others(d *drain, image trackerapi.Image) int {
	seen := map[int]bool{}
	names := append([]trackerapi.Image{image}, d.mine[image.Name]...)
	for _, i := range names {
		for _, node := range p.holders(i.Name, i.Digest) {
			if p.seats[node].State == Live {
				seen[node] = true
			}
		}
	}
	return len(seen)
}

// keepSaved keeps what was saved from a node until that is back or forgotten.
func (p *planner) keepSaved() {
	for image, pins := range p.pins {
		for _, pin := range pins {
			for _, owner := range pin.Owners {
				name, drained := strings.CutPrefix(owner, drainOwner)
				if from, known := p.named(name); drained && known && p.seats[from].State != Live {
					p.hold(pin.node, image, pin.Digest, owner)
				}
			}
		}
	}
}

// left says what is not elsewhere yet.
func (p *planner) left(drains []*drain, saved, claims []*claim) (all []DrainStatus) {
	for _, d := range drains {
		s := DrainStatus{Node: p.seats[d.node].Name}
		for _, c := range saved {
			if c.rule == d.rule && p.liveCopies(c) == 0 {
				s.Left = append(s.Left, p.leftover(c, 0))
			}
		}
		for _, c := range claims {
			if c.rule.in[d.node] && d.has[c.image] == c.digest {
				if live := p.liveCopies(c); live < c.rule.target() {
					s.Left = append(s.Left, p.leftover(c, live))
				}
			}
		}
		all = append(all, s)
	}
	return all
}

func (p *planner) liveCopies(c *claim) (n int) {
	for _, i := range c.chosen {
		if p.has(i, c.class[i]) {
			n++
		}
	}
	return n
}

func (p *planner) leftover(c *claim, live int) Leftover {
	l := Leftover{Image: c.image, Digest: c.digest, Live: live, Wanted: c.rule.target(), Bytes: p.bytes(c.digest)}
	under := slices.ContainsFunc(c.chosen, func(i int) bool { return c.class[i] == coming })
	waits := false
	for _, r := range c.reasons {
		l.Reason = cmp.Or(l.Reason, r.Text)
		waits = waits || r.Cause == CauseBudget || r.Cause == CauseHeld || r.Cause == CauseFailed || r.Cause == CauseRepair
	}
	switch {
	case under:
		l.Reason = "is being copied"
	case l.Reason == "":
		l.Reason = "no other node is live"
	}
	l.Stuck = !under && !waits
	return l
}

// end is when a job is given up; zero: never.
func (j *Job) end() time.Time {
	if j.Deadline == 0 {
		return time.Time{}
	}
	return j.Created.Add(time.Duration(j.Deadline))
}
