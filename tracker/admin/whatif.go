package admin

import (
	"cmp"
	"context"
	"iter"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

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
	r, err := a.risks(ctx, "what-if", &q.CopiesQuery, dying)
	if err == nil && q.Cursor == "" {
		r.Loss, err = a.loss(ctx, dying)
	}
	return r, err
}

const maxLost = 100 // images that are shown

// loss is what would go, image by image.
func (a *Admin) loss(ctx context.Context, dying map[uint32]bool) (*Loss, error) {
	s, err := a.scan(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	lost := a.Placer.Lost(ctx, a.versions(ctx, s, dying))
	slices.SortStableFunc(lost.Images, func(a, b placement.LostImage) int { return cmp.Compare(b.Bytes, a.Bytes) })
	l := &Loss{Images: len(lost.Images), Bytes: lost.Lost, Unknown: lost.Unknown, Items: []LostImage{}}
	for _, i := range lost.Images[:min(len(lost.Images), maxLost)] {
		l.Items = append(l.Items, LostImage(i))
	}
	return l, ctx.Err()
}

// versions are all that nodes have of all images, and whether some will have
// them when these nodes have died. They end when ctx does.
func (a *Admin) versions(ctx context.Context, s *scan, dying map[uint32]bool) iter.Seq[placement.Version] {
	now, left := a.nodesThat(giving), a.nodesThat(func(n *roster.Node) bool { return giving(n) && !dying[n.Ordinal()] })
	return func(yield func(placement.Version) bool) {
		for _, name := range a.Index.ImageNames() {
			if s.stride(ctx) != nil {
				return
			}
			for _, v := range a.Index.CensusOf(name, now, left) {
				if !yield(placement.Version{Image: name, Digest: v.Digest, Now: v.Now > 0, Left: v.Left > 0}) {
					return
				}
			}
		}
	}
}

// giving is for nodes that others can still get content from.
func giving(n *roster.Node) bool { return n.State().Usable() || n.State() == roster.Draining }

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
