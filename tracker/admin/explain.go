package admin

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/swarm"
)

const maxExcluded = 100

type explainQuery struct {
	Node   string        `query:"node" required:"true" minLength:"1" maxLength:"255" doc:"The asker"`
	Digest digest.Digest `query:"digest" required:"true" maxLength:"160" pattern:"^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$" doc:"As in sha256:…"`
	Limit  int           `query:"limit" minimum:"0" maximum:"16" default:"0" doc:"How many holders it asks for; 0 leaves it to the tracker"`
}

// Resolve implements [huma.Resolver].
func (q *explainQuery) Resolve(huma.Context) []error { return checkDigest("query.digest", q.Digest) }

func (a *Admin) explain(_ context.Context, q *explainQuery) (Explanation, error) {
	found := a.Swarm.Explain(q.Node, q.Digest, q.Limit)
	e := Explanation{
		Digest: q.Digest, Node: q.Node, Limit: found.Limit, Unseen: found.Unseen,
		Candidates: []Candidate{}, Excluded: []ExcludedItem{},
	}
	if n := a.Roster.ByName(q.Node); n != nil {
		e.Zone = n.Identity().Zone
	}
	for i, r := range found.Ranked {
		e.Candidates = append(e.Candidates, showRanked(r, i < found.Limit))
	}
	a.exclude(&e, found.Passed, q.Node)
	_, withheld := a.Index.HoldersOf(q.Digest)
	for _, ordinal := range withheld[:min(len(withheld), maxExcluded)] {
		e.exclude(a.nameOf(ordinal), "withheld")
	}
	return e, nil
}

func showRanked(r swarm.Ranked, handedOut bool) Candidate {
	return Candidate{
		Node: r.Node.Name, Zone: r.Node.Zone, Addr: r.Node.Addr, HandedOut: handedOut,
		Class: r.Class, Uploads: r.Uploads, Stability: r.Stability,
	}
}

func (a *Admin) exclude(e *Explanation, passed []uint32, asker string) {
	for _, ordinal := range passed {
		n := a.Roster.At(ordinal)
		switch {
		case n == nil:
		case n.Identity().Name == asker:
			e.exclude(asker, "the asker itself")
		default:
			e.exclude(n.Identity().Name, n.State().String())
		}
	}
}

func (e *Explanation) exclude(node, reason string) {
	if node != "" && len(e.Excluded) < maxExcluded {
		e.Excluded = append(e.Excluded, ExcludedItem{node, reason})
	}
}

func (a *Admin) nameOf(ordinal uint32) string {
	if n := a.Roster.At(ordinal); n != nil {
		return n.Identity().Name
	}
	return ""
}
