package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

// DigestQuery names a digest.
type DigestQuery struct {
	Digest digest.Digest `path:"digest" maxLength:"160" pattern:"^[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$" doc:"As in sha256:…"`
}

// Resolve implements [huma.Resolver]: the rest of what a digest has to be.
func (q *DigestQuery) Resolve(huma.Context) []error { return checkDigest("path.digest", q.Digest) }

func checkDigest(place string, d digest.Digest) []error {
	if err := d.Validate(); err != nil {
		return []error{&huma.ErrorDetail{Message: err.Error(), Location: place, Value: string(d)}}
	}
	return nil
}

// known refuses a digest that nobody has anything of.
func known(q *DigestQuery, there bool) error {
	if there {
		return nil
	}
	return huma.Error404NotFound("nobody has this digest", &huma.ErrorDetail{Message: "not known", Location: "path.digest", Value: string(q.Digest)})
}

type digestsQuery struct {
	Begin string `query:"begin" maxLength:"160" doc:"Those that begin so, as in sha256:4f5a"`
	Paging
}

func (a *Admin) digests(ctx context.Context, q *digestsQuery) (Digests, error) {
	after, err := q.after("digests")
	if err != nil {
		return Digests{}, err
	}
	s, err := a.scan(ctx)
	if err != nil {
		return Digests{}, err
	}
	defer s.end()
	behind := index.NameOf(digest.Digest(after))
	found := &selection[index.Name]{limit: q.Limit, order: index.Name.Compare}
	for name := range a.Index.Names() {
		if err := s.step(ctx); err != nil {
			return Digests{}, err
		}
		if name.HasPrefix(q.Begin) {
			found.add(name, after == "" || name.Compare(behind) > 0)
		}
	}
	page, more := found.page()
	all := Digests{Items: make([]Held, len(page)), Page: Page{Total: found.total}}
	alive := a.nodesThat(live)
	for i, name := range page {
		d := name.Digest()
		all.Items[i] = Held{d, a.Index.CountHolders(d, alive)}
	}
	if more {
		all.Next = cursorTo("digests", string(all.Items[len(page)-1].Digest))
	}
	return all, nil
}

func (a *Admin) digest(ctx context.Context, q *DigestQuery) (DigestDetail, error) {
	answering, withheld := a.Index.HoldersOf(q.Digest)
	flow := a.Flows.Flow(q.Digest)
	if err := known(q, len(answering)+len(withheld)+len(flow.Nodes)+len(flow.Leases) > 0); err != nil {
		return DigestDetail{}, err
	}
	named, err := a.named(ctx, 100, q.Digest)
	if err != nil {
		return DigestDetail{}, err
	}
	d := DigestDetail{
		Digest: q.Digest, Size: flow.Size, Withheld: len(withheld), Partial: len(flow.Nodes), Leases: len(flow.Leases),
		Zones: a.coverage(answering), Images: orEmpty(named[q.Digest]),
	}
	for _, holder := range slices.Concat(answering, withheld) {
		if n := a.Roster.At(holder); n != nil {
			d.Holders.count(n.State())
		}
	}
	for _, zone := range d.Zones {
		d.Live += zone.Live
	}
	return d, nil
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// coverage says how much of each zone's usable nodes is among these.
func (a *Admin) coverage(nodes []uint32) []Coverage {
	zones := map[string]*Coverage{}
	for n := range a.Roster.All() {
		zone := n.Identity().Zone
		if zones[zone] == nil {
			zones[zone] = &Coverage{Zone: zone}
		}
		if n.State().Usable() {
			zones[zone].Of++
		}
	}
	for _, ordinal := range nodes {
		n := a.Roster.At(ordinal)
		if n == nil || !n.State().Usable() {
			continue
		}
		if c := zones[n.Identity().Zone]; c != nil { // else it has come this moment
			c.Live++
		}
	}
	all := make([]Coverage, 0, len(zones))
	for _, c := range zones {
		c.Of = max(c.Of, c.Live) // states change while they are counted
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Coverage) int { return strings.Compare(a.Zone, b.Zone) })
	return all
}

type holdersQuery struct {
	DigestQuery
	NodeFilter
	Paging
}

// holding is a node with its copy.
type holding struct {
	node     *roster.Node
	withheld bool
}

func (a *Admin) holders(_ context.Context, q *holdersQuery) (Holders, error) {
	answering, withheld := a.Index.HoldersOf(q.Digest)
	if err := known(&q.DigestQuery, len(answering)+len(withheld) > 0); err != nil {
		return Holders{}, err
	}
	page, frame, err := cut(&q.Paging, "holders", func(yield func(keyed[holding]) bool) {
		for i, ordinal := range slices.Concat(answering, withheld) {
			n := a.Roster.At(ordinal)
			if n == nil || n.State() == roster.Purged || !q.match(n) {
				continue
			}
			if !yield(keyed[holding]{n.Identity().Name, holding{n, i >= len(answering)}}) {
				return
			}
		}
	})
	return Holders{shown(page, showHolding), frame}, err
}

func showHolding(h holding) HolderItem {
	id := h.node.Identity()
	return HolderItem{Node: id.Name, State: h.node.State().String(), Zone: id.Zone, Addr: id.Addr, Withheld: h.withheld}
}
