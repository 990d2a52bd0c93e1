package placement

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Room is what nodes have for replicas.
type Room struct {
	Node     string `json:"node,omitempty"` // empty in a zone's sum
	Zone     string `json:"zone,omitempty"`
	Nodes    int    `json:"nodes"`
	Total    int64  `json:"total"`    // bytes, of the file systems where content lies
	Free     int64  `json:"free"`     // bytes
	Usable   int64  `json:"usable"`   // bytes that replicas may still take
	Replicas int    `json:"replicas"` // images that are pinned
	Unknown  int    `json:"unknown"`  // nodes that have not told their room
}

// Capacity is the room of each live one of these nodes, in their order, and of
// each zone, by name.
func Capacity(all iter.Seq[Node], limits Limits) (nodes, zones []Room) {
	reserve := limits.complete().Reserve
	sums := map[string]*Room{}
	for n := range all {
		if n.State != Live {
			continue
		}
		r := roomOf(&n, reserve)
		nodes = append(nodes, r)
		if sums[n.Zone] == nil {
			sums[n.Zone] = &Room{Zone: n.Zone}
		}
		sums[n.Zone].add(r)
	}
	for _, sum := range sums {
		zones = append(zones, *sum)
	}
	slices.SortFunc(zones, func(a, b Room) int { return cmp.Compare(a.Zone, b.Zone) })
	return nodes, zones
}

func roomOf(n *Node, reserve float64) Room {
	r := Room{Node: n.Name, Zone: n.Zone, Nodes: 1, Total: n.Room.Total, Free: n.Room.Free, Replicas: len(n.Pins)}
	if n.Room.Total == 0 {
		r.Unknown = 1
	}
	r.Usable = max(0, n.Room.Free-int64(reserve*float64(n.Room.Total)))
	return r
}

func (r *Room) add(one Room) {
	r.Nodes += one.Nodes
	r.Total += one.Total
	r.Free += one.Free
	r.Usable += one.Usable
	r.Replicas += one.Replicas
	r.Unknown += one.Unknown
}

// Cost is what a policy would take.
type Cost struct {
	Images  int            `json:"images"`  // that it claims now
	Copies  int            `json:"copies"`  // that would be made
	Bytes   int64          `json:"bytes"`   // of those whose size is known
	Unknown int            `json:"unknown"` // copies whose size is not known
	Zones   map[string]int `json:"zones"`   // copies by zone
	// Status says how it would then stand, when all copies have come.
	Status []Status `json:"status"`
	// Contradictions with the other policies.
	Contradictions []Contradiction `json:"contradictions,omitempty"`
}

// DryRun says what a policy would cost beside the others, and what of it can't
// be, as if there were no bound on what is under way. One of the same name is
// replaced. What the others still miss is not counted.
func DryRun(w *World, policies []Policy, policy Policy, now time.Time) Cost {
	world, free := unbound(w, &policy)
	plan := Make(world, []Policy{free}, nil, now)
	cost := Cost{Images: len(plan.Images), Zones: map[string]int{}, Status: plan.Images}
	zones := map[string]string{}
	for i := range w.Nodes {
		zones[w.Nodes[i].Name] = w.Nodes[i].Zone
	}
	for i := range plan.Tasks {
		if k := &plan.Tasks[i]; slices.Contains(plan.New, k.ID) && slices.Contains(k.Wanted, policy.Owner()) {
			cost.add(w, k, zones[k.Name])
		}
	}
	others := slices.DeleteFunc(slices.Clone(policies), func(o Policy) bool { return o.Name == policy.Name })
	for _, c := range Contradictions(w, append(others, policy)) {
		if c.Policy == policy.Name || c.Other == policy.Name {
			cost.Contradictions = append(cost.Contradictions, c)
		}
	}
	return cost
}

func (c *Cost) add(w *World, k *Known, zone string) {
	c.Copies++
	c.Zones[zone]++
	parts := w.parts(k.Digest)
	if parts == nil {
		c.Unknown++
	}
	c.Bytes += sizeOf(parts)
}
