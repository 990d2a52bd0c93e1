package admin

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/placement"
)

const (
	maxNames = 10 // image names that are shown of a digest in a list
)

// CopiesQuery says how many copies are too few.
type CopiesQuery struct {
	Copies int `query:"copies" minimum:"1" maximum:"1000" default:"2" doc:"Fewer live holders than this are too few"`
	Paging
}

func (a *Admin) atRisk(ctx context.Context, q *CopiesQuery) (Risks, error) {
	return a.risks(ctx, "at-risk", q, nil, func(_, left int) bool { return left < q.Copies })
}

type whatIfQuery struct {
	Node []string `query:"node,explode" maxItems:"1000" doc:"Nodes that die"`
	Zone []string `query:"zone,explode" maxItems:"1000" doc:"Zones that die"`
	CopiesQuery
}

// Resolve implements [huma.Resolver].
func (q *whatIfQuery) Resolve(huma.Context) []error {
	if len(q.Node)+len(q.Zone) == 0 {
		return []error{&huma.ErrorDetail{Message: "which nodes, or which zones?", Location: "query.node"}}
	}
	return nil
}

func (a *Admin) whatIf(ctx context.Context, q *whatIfQuery) (Risks, error) {
	dying, err := a.dying(q)
	if err != nil {
		return Risks{}, err
	}
	r, err := a.risks(ctx, "what-if", &q.CopiesQuery, dying, func(now, left int) bool { return left < q.Copies && left < now })
	if err == nil && q.Cursor == "" {
		r.Loss = a.loss(ctx, dying)
	}
	return r, err
}

const maxLost = 100 // images that are shown

// loss is what would go, image by image.
func (a *Admin) loss(ctx context.Context, dying map[uint32]bool) *Loss {
	lost := a.Placer.Lost(ctx, dying)
	slices.SortStableFunc(lost.Images, func(a, b placement.LostImage) int { return cmp.Compare(b.Bytes, a.Bytes) })
	l := &Loss{Images: len(lost.Images), Bytes: lost.Lost, Unknown: lost.Unknown, Items: []LostImage{}}
	for _, i := range lost.Images[:min(len(lost.Images), maxLost)] {
		l.Items = append(l.Items, LostImage(i))
	}
	return l
}

// dying are the nodes that are meant, by ordinal.
func (a *Admin) dying(q *whatIfQuery) (map[uint32]bool, error) {
	dying := map[uint32]bool{}
	for _, name := range q.Node {
		n := a.Roster.ByName(name)
		if n == nil {
			return nil, wrong("query.node", "not a known node", name)
		}
		dying[n.Ordinal()] = true
	}
	zones := map[string]bool{}
	for n := range a.Roster.All() {
		zone := n.Identity().Zone
		if zones[zone] = true; slices.Contains(q.Zone, zone) {
			dying[n.Ordinal()] = true
		}
	}
	for _, zone := range q.Zone {
		if !zones[zone] {
			return nil, wrong("query.zone", "no known node is in this zone", zone)
		}
	}
	return dying, nil
}

// risks lists the digests that are too few by what is now and what is left.
func (a *Admin) risks(ctx context.Context, list string, q *CopiesQuery, dying map[uint32]bool, few func(now, left int) bool) (Risks, error) {
	all, lost, err := a.search(ctx, q.Copies, a.fates(dying), few)
	if err != nil {
		return Risks{}, err
	}
	page, frame, err := cut(&q.Paging, list, all)
	if err != nil {
		return Risks{}, err
	}
	digests := make([]digest.Digest, len(page))
	for i, k := range page {
		digests[i] = k.item.Digest
	}
	named, err := a.named(ctx, maxNames, digests...)
	return Risks{Page: frame, Lost: lost, Items: shown(page, func(r Risk) Risk {
		r.Images = orEmpty(named[r.Digest])
		return r
	})}, err
}

// fate is what becomes of a node.
type fate uint8

const (
	useless  fate = iota // it is in no answer now
	dies                 // it is, and will not be
	survives             // it is, and will be
)

// fates are those of all nodes, by ordinal: one byte for each, so that all of
// them are at hand for every digest.
func (a *Admin) fates(dying map[uint32]bool) (all []fate) {
	for n := range a.Roster.All() {
		ordinal := n.Ordinal()
		if missing := int(ordinal) - len(all) + 1; missing > 0 {
			all = append(all, make([]fate, missing)...)
		}
		switch {
		case !n.State().Usable():
		case dying[ordinal]:
			all[ordinal] = dies
		default:
			all[ordinal] = survives
		}
	}
	return all
}

// search looks at every digest. Most have enough survivors among the first few
// holders, and then it goes on.
func (a *Admin) search(ctx context.Context, enough int, fates []fate, few func(now, left int) bool) (all []keyed[Risk], lost int, err error) {
	s, err := a.scan(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer s.end()
	for d := range a.Index.Digests() {
		if err := s.step(ctx); err != nil {
			return nil, 0, err
		}
		now, left := a.census(d, enough, fates)
		if !few(now, left) {
			continue
		}
		if left == 0 {
			lost++
		}
		all = append(all, keyed[Risk]{riskKey(left, d), Risk{Digest: d, Live: left}})
	}
	return all, lost, nil
}

// riskKey puts the fewest first.
func riskKey(live int, d digest.Digest) string {
	const most = 10_000 // no copies parameter allows as many
	return strconv.Itoa(most+live) + " " + string(d)
}

// census counts a digest's usable holders, and those that survive, until there
// are enough of these.
func (a *Admin) census(d digest.Digest, enough int, fates []fate) (now, left int) {
	for holder := range a.Index.Holders(d, 0) {
		if int(holder) >= len(fates) || fates[holder] == useless { // or it has come this moment
			continue
		}
		now++
		if fates[holder] == survives {
			if left++; left == enough {
				break
			}
		}
	}
	return now, left
}
