package admin

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

// NodeFilter chooses nodes. What is given has to hold all together; of the
// values of one parameter one is enough, but labels have to hold all.
type NodeFilter struct {
	State []string `query:"state,explode" enum:"joining,ready,suspect,dead,draining,gone" doc:"Nodes in one of these states"`
	Zone  []string `query:"zone,explode" doc:"Nodes of one of these zones"`
}

func (f *NodeFilter) match(n *roster.Node) bool {
	return (len(f.State) == 0 || slices.Contains(f.State, n.State().String())) &&
		(len(f.Zone) == 0 || slices.Contains(f.Zone, n.Identity().Zone))
}

type nodesQuery struct {
	NodeFilter
	Label []string `query:"label,explode" maxItems:"64" doc:"Nodes with all of these labels, as key or key=value"`
	Name  string   `query:"name" maxLength:"255" doc:"Nodes whose name has this in it"`
	Paging
}

func (q *nodesQuery) match(n *roster.Node) bool {
	id := n.Identity()
	return q.NodeFilter.match(n) && strings.Contains(id.Name, q.Name) &&
		!slices.ContainsFunc(q.Label, func(want string) bool { return !labelled(id.Labels, want) })
}

func labelled(labels map[string]string, want string) bool {
	key, value, valued := strings.Cut(want, "=")
	has, there := labels[key]
	return there && (!valued || has == value)
}

func (a *Admin) nodes(_ context.Context, q *nodesQuery) (Nodes, error) {
	page, frame, err := cut(&q.Paging, "nodes", func(yield func(keyed[*roster.Node]) bool) {
		for n := range a.Roster.All() {
			if q.match(n) && !yield(keyed[*roster.Node]{n.Identity().Name, n}) {
				return
			}
		}
	})
	return Nodes{shown(page, a.showNode), frame}, err
}

func (a *Admin) showNode(n *roster.Node) Node {
	id := n.Identity()
	digests, images := a.Index.Sizes(n.Ordinal())
	return Node{
		Name: id.Name, State: n.State().String(), Zone: id.Zone, Labels: id.Labels, Addr: id.Addr,
		Version: id.Version, Epoch: id.Epoch, Uploads: n.Uploads(), Busy: a.Roster.Busy(n),
		Degraded: n.Degraded(), Stability: a.Roster.Stability(n), Digests: digests, Images: images,
	}
}

// NodeQuery names a node.
type NodeQuery struct {
	Name string `path:"name" maxLength:"255" doc:"The node's name"`
}

// find is the node, or a refusal.
func (a *Admin) find(name string) (*roster.Node, error) {
	n := a.Roster.ByName(name)
	if n == nil {
		return nil, huma.Error404NotFound("node is not known", &huma.ErrorDetail{Message: "not known", Location: "path.name", Value: name})
	}
	return n, nil
}

func (a *Admin) node(_ context.Context, q *NodeQuery) (NodeDetail, error) {
	n, err := a.find(q.Name)
	if err != nil {
		return NodeDetail{}, err
	}
	load := n.Load()
	return NodeDetail{
		Node: a.showNode(n), SilentMS: a.Roster.Silence(n).Milliseconds(),
		Load:    NodeLoad{Uploads: load.Uploads, Slots: load.Slots, UploadRate: load.UploadRate, LatencyMS: load.LatencyMS},
		History: showRecord(a.Roster.Record(n)),
		Pulls:   a.pullsOf(q.Name),
	}, nil
}

func showRecord(r roster.Record) History {
	h := History{Flaps: r.Flaps, Failures: r.Failures, UptimeMS: r.Uptime.Milliseconds(), Latest: []Past{}}
	for _, p := range slices.Backward(r.Latest) {
		h.Latest = append(h.Latest, Past{p.At.UTC(), p.State.String(), string(p.Reason)})
	}
	return h
}

func (a *Admin) pullsOf(node string) []PullItem {
	running := a.Pulls.Running(func(p *events.Pull) bool { return p.Node == node })
	slices.SortFunc(running, func(a, b events.Pull) int { return strings.Compare(string(a.Digest), string(b.Digest)) })
	items := make([]PullItem, len(running))
	for i := range running {
		items[i] = showPull(0, &running[i])
	}
	return items
}

type inventoryQuery struct {
	NodeQuery
	Paging
}

func (a *Admin) inventory(_ context.Context, q *inventoryQuery) (Inventory, error) {
	n, err := a.find(q.Name)
	if err != nil {
		return Inventory{}, err
	}
	digests, _, _ := a.Index.Inventory(n.Ordinal())
	page, frame, err := cut(&q.Paging, "inventory", byDigest(digests))
	alive := a.nodesThat(live)
	return Inventory{shown(page, func(d digest.Digest) Held { return Held{d, a.Index.CountHolders(d, alive)} }), frame}, err
}

func byDigest(digests []digest.Digest) iter.Seq[keyed[digest.Digest]] {
	return func(yield func(keyed[digest.Digest]) bool) {
		for _, d := range digests {
			if !yield(keyed[digest.Digest]{string(d), d}) {
				return
			}
		}
	}
}

// nodesThat are the nodes of which that is true now.
func (a *Admin) nodesThat(are func(*roster.Node) bool) *index.Among {
	return index.NewAmong(func(yield func(uint32) bool) {
		for n := range a.Roster.All() {
			if are(n) && !yield(n.Ordinal()) {
				return
			}
		}
	})
}

// live is for nodes that may be handed out.
func live(n *roster.Node) bool { return n.State().Usable() }

func (a *Admin) usable(ordinal uint32) bool {
	n := a.Roster.At(ordinal)
	return n != nil && live(n)
}
