package admincmd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func swarmCommand() *cobra.Command {
	var limit int
	return show(view[admin.Swarm]{
		use: "swarm <digest>", short: "What is on its way of a digest, as a tree", args: cobra.ExactArgs(1), complete: digests,
		flags: func(cmd *cobra.Command) {
			cmd.Flags().IntVarP(&limit, "limit", "n", 1000, "show so many nodes at most")
		},
		ask: func(ctx context.Context, c *client, args []string) (admin.Swarm, error) {
			d, err := whole(ctx, c, args[0])
			if err != nil {
				return admin.Swarm{}, err
			}
			return call[admin.Swarm](ctx, c, http.MethodGet, "/digests/"+segment(d)+"/swarm", url.Values{"limit": {strconv.Itoa(limit)}})
		},
		draw: drawSwarm,
	})
}

func drawSwarm(s *screen, a *admin.Swarm) {
	_, _ = fmt.Fprintf(s, "%d nodes are fetching it, %d have leave to ask the origin, %d wait\n", a.Total, len(a.Leases), a.Waiting)
	t := s.sheet("node", "done", "rate", "zone", "+offset", "+parent")
	children := map[string][]admin.Partial{}
	partial := map[string]bool{}
	for _, p := range a.Nodes {
		children[p.Parent] = append(children[p.Parent], p)
		partial[p.Node] = true
	}
	var grow func(p admin.Partial, depth int)
	grow = func(p admin.Partial, depth int) {
		t.row(strings.Repeat("  ", depth)+p.Node, part(p.Offset, a.Size), size(p.Rate)+"/s", dash(p.Zone), number(p.Offset), origin(p.Parent))
		below := children[p.Node]
		delete(children, p.Node) // nodes that contradict each other may make a circle
		for _, child := range below {
			grow(child, depth+1)
		}
	}
	for _, root := range roots(children, partial) {
		t.row(origin(root), "", "", "", "", "")
		below := children[root]
		delete(children, root)
		for _, p := range below {
			grow(p, 1)
		}
	}
	t.draw()
}

// roots are the parents that are not on their way themselves: the origin and
// those who have it whole.
func roots(children map[string][]admin.Partial, partial map[string]bool) (all []string) {
	for parent := range children {
		if !partial[parent] {
			all = append(all, parent)
		}
	}
	slices.Sort(all)
	return all
}

func swarmsCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Swarms]{
		use: "swarms", short: "Digests that are on their way", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) { q.most(cmd.Flags()) },
		ask: func(ctx context.Context, c *client, _ []string) (admin.Swarms, error) {
			return pages(ctx, c, "/swarms", q, func(all *admin.Swarms, page admin.Swarms) (int, string) {
				all.Items, all.Total = append(all.Items, page.Items...), page.Total
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.Swarms) {
			t := s.sheet("digest", "size", "nodes", "leases", "waiting")
			for _, i := range a.Items {
				t.row(s.short(i.Digest), size(i.Size), number(i.Nodes), number(i.Leases), number(i.Waiting))
			}
			t.draw()
		},
	})
}
