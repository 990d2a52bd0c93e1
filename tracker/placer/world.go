package placer

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

// world is what is now, mu being held. For a tracker that does not act, what the
// nodes do and keep is what the one that acts has shown.
func (p *Placer) world() *placement.World {
	w := &placement.World{Content: p.content.now(), Parts: p.parts.of, Limits: p.Limits, Held: p.held()}
	w.Nodes = slices.AppendSeq(make([]placement.Node, 0, p.size), p.nodes())
	p.size = len(w.Nodes)
	for _, k := range p.tasks {
		w.Tasks = append(w.Tasks, k.Known)
	}
	return w
}

// nodes are all that are known, for as long as mu is held.
func (p *Placer) nodes() iter.Seq[placement.Node] {
	return func(yield func(placement.Node) bool) {
		now, acts := time.Now(), p.acts()
		for n := range p.Roster.All() {
			node := p.node(n, now)
			if t := p.told[node.Name]; acts && t != nil {
				node.Room, node.Pins = t.room, t.pins
				node.Strange = p.strange(t)
			} else if room, shown := p.view.Rooms[node.Name]; !acts && shown {
				node.Room = room
			} else if acts && node.Degraded == "" {
				node.Degraded = "it does not say what it keeps"
			}
			if !yield(node) {
				return
			}
		}
	}
}

func (p *Placer) node(n *roster.Node, now time.Time) placement.Node {
	id, load := n.Identity(), n.Load()
	node := placement.Node{
		Ordinal: n.Ordinal(), Name: id.Name, Zone: id.Zone, Labels: id.Labels,
		Stability: p.Roster.Stability(n), Uploads: load.Uploads, Slots: load.Slots, Degraded: load.Degraded,
	}
	switch state := n.State(); {
	case state.Usable():
		node.State = placement.Live
		if d, there := p.wanted.drains[id.Name]; there && d.saves() {
			node.State = placement.Saving
		}
		delete(p.since, id.Name)
		return node
	case state == roster.Draining:
		node.State = placement.Leaving
		if p.since[id.Name].IsZero() {
			p.since[id.Name] = now
		}
		node.Since = p.since[id.Name]
	default:
		node.Since = now.Add(-max(0, p.Roster.Silence(n)))
	}
	return node
}

// strange are tasks that a node has, and nobody here knows of.
func (p *Placer) strange(t *told) (all []trackerapi.TaskState) {
	for _, s := range t.states {
		if p.tasks[s.ID] == nil {
			all = append(all, s)
		}
	}
	return all
}

// held is why nodes can't be judged now.
func (p *Placer) held() string {
	var closed []string
	for _, g := range []roster.Gate{roster.GateStart, roster.GateLateness, roster.GateArrival, roster.GateZone} {
		if p.Roster.Closed(g) {
			closed = append(closed, g.String())
		}
	}
	if len(closed) == 0 {
		return ""
	}
	return "what is known of the nodes may be wrong: " + strings.Join(closed, ", ")
}
