package swarm

import (
	"slices"

	"github.com/opencontainers/go-digest"
)

// Explanation is a handout with its reasons.
type Explanation struct {
	Limit int // so many of the ranked are handed out
	// Ranked are the usable holders that were looked at, the best first.
	Ranked []Ranked
	// Passed are holders that were looked at and may not be used.
	Passed []uint32
	// Unseen is how many holders were not looked at: enough good ones had
	// been seen.
	Unseen int
}

// Ranked is a candidate in its place.
type Ranked struct {
	Candidate
	// Class is the first thing that decides: "near", or "far", and then why
	// it comes late.
	Class string
}

// classNames are in the order of the classes.
var classNames = [classes]string{
	"near", "far", "near, busy", "far, busy", "near, degraded", "far, degraded", "near, suspect", "far, suspect",
}

// Explain makes the handout that [Swarm.Handout] would make, and tells why. What
// chance decides among equals may fall out otherwise the next time.
func (s *Swarm) Explain(asker string, d digest.Digest, limit int) (e Explanation) {
	e.Limit = usual
	if limit > 0 {
		e.Limit = min(limit, most)
	}
	holders, _ := s.index.HoldersOf(d)
	e.Unseen = len(holders)
	look := s.lookFor(asker)
	found := Gather(slices.Values(turned(holders, s.rand.Uint32())), func(holder uint32) (Candidate, bool) {
		e.Unseen--
		c, usable := look(holder)
		if !usable {
			e.Passed = append(e.Passed, holder)
		}
		return c, usable
	}, e.Limit)
	for _, c := range Rank(found, len(found), s.rand) {
		e.Ranked = append(e.Ranked, Ranked{c, classNames[c.class()]})
	}
	return e
}

// turned begins at another place, as a lookup does.
func turned(holders []uint32, turn uint32) []uint32 {
	if len(holders) == 0 {
		return nil
	}
	at := int(turn % uint32(len(holders)))
	return slices.Concat(holders[at:], holders[:at])
}
