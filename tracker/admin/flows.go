package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"
)

type swarmQuery struct {
	DigestQuery
	Limit int `query:"limit" minimum:"1" maximum:"20000" default:"1000" doc:"How many nodes to show"`
}

func (a *Admin) swarm(_ context.Context, q *swarmQuery) (Swarm, error) {
	flow := a.Flows.Flow(q.Digest)
	answering, withheld := a.Index.HoldersOf(q.Digest)
	if err := known(&q.DigestQuery, flow.active() || len(answering)+len(withheld) > 0); err != nil {
		return Swarm{}, err
	}
	a.arrange(flow.Nodes)
	return Swarm{
		Digest: q.Digest, Size: flow.Size, Leases: orEmpty(flow.Leases), Waiting: flow.Waiting,
		Nodes: orEmpty(flow.Nodes[:min(len(flow.Nodes), q.Limit)]), Total: len(flow.Nodes),
	}, nil
}

// arrange fills in what the flow does not tell, and puts parents before
// children.
func (a *Admin) arrange(nodes []Partial) {
	for i := range nodes {
		if n := a.Roster.ByName(nodes[i].Node); n != nil {
			nodes[i].Zone = n.Identity().Zone
		}
	}
	slices.SortFunc(nodes, func(a, b Partial) int {
		return cmp.Or(cmp.Compare(a.Depth, b.Depth), strings.Compare(a.Node, b.Node))
	})
}

func (f *Flow) active() bool { return len(f.Nodes)+len(f.Leases)+f.Waiting > 0 }

func (a *Admin) swarms(_ context.Context, q *Paging) (Swarms, error) {
	var all []keyed[SwarmItem]
	for _, i := range a.Flows.Flowing() {
		all = append(all, keyed[SwarmItem]{string(i.Digest), i})
	}
	page, frame, err := cut(q, "swarms", slices.Values(all))
	return Swarms{shown(page, func(i SwarmItem) SwarmItem { return i }), frame}, err
}
