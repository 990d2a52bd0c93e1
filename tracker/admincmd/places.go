package admincmd

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func explainPlaceCommand() *cobra.Command {
	var limit int
	return show(view[admin.Places]{
		use: "explain <policy> <image>", short: "Every node as a candidate for one image of a policy", args: cobra.ExactArgs(2), complete: policyNames,
		flags: func(cmd *cobra.Command) {
			cmd.Flags().IntVarP(&limit, "limit", "n", 1000, "show so many nodes at most")
		},
		ask: func(ctx context.Context, c *client, args []string) (admin.Places, error) {
			return call[admin.Places](ctx, c, http.MethodGet, "/places", url.Values{"policy": {args[0]}, "image": {args[1]}, "limit": {strconv.Itoa(limit)}})
		},
		draw: func(s *screen, a *admin.Places) {
			t := s.sheet("node", "chosen", "score", "holds", "zone", "parts", "excluded")
			for _, p := range a.Items {
				var parts []string
				for _, name := range slices.Sorted(maps.Keys(p.Parts)) {
					parts = append(parts, fmt.Sprintf("%s %.2f", name, p.Parts[name]))
				}
				t.row(p.Node, yes(p.Chosen, "chosen"), fmt.Sprintf("%.2f", p.Score), yes(p.Holds, "holds"), dash(p.Zone), strings.Join(parts, ", "), p.Excluded)
			}
			t.draw()
		},
	})
}

func capacityCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Capacity]{
		use: "capacity", short: "Room for replicas, by zone and node", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) { q.most(cmd.Flags()) },
		ask: func(ctx context.Context, c *client, _ []string) (admin.Capacity, error) {
			return pages(ctx, c, "/capacity", q, func(all *admin.Capacity, p admin.Capacity) (int, string) {
				p.Nodes = append(all.Nodes, p.Nodes...)
				*all = p
				return len(all.Nodes), p.Next
			})
		},
		draw: drawCapacity,
	})
}

func drawCapacity(s *screen, a *admin.Capacity) {
	zones := s.sheet("zone", "usable", "free", "total", "replicas", "nodes", "unknown")
	for _, r := range a.Zones {
		zones.row(append([]string{dash(r.Zone)}, append(room(&r), number(r.Replicas), number(r.Nodes), number(r.Unknown))...)...)
	}
	zones.draw()
	nodes := s.sheet("node", "usable", "free", "total", "replicas", "zone")
	for _, r := range a.Nodes {
		nodes.row(append([]string{r.Node}, append(room(&r), number(r.Replicas), dash(r.Zone))...)...)
	}
	s.then(nodes)
}

// room is what is usable, free, and there in all; nodes may not have told it yet.
func room(r *admin.Room) []string {
	if r.Total == 0 {
		return []string{"-", "-", "-"}
	}
	return []string{size(r.Usable), size(r.Free), size(r.Total)}
}

func drawPlacement(s *screen, a *admin.Placement) {
	t := s.sheet("of", "is")
	who := dash(a.Tracker)
	if a.Acting {
		who = "this tracker, in term " + number(a.Term)
	}
	t.row("acts", who)
	t.row("common memory", map[bool]string{true: "away: nothing new is placed", false: "there"}[a.Away])
	t.row("policies-file", dash(a.Fault))
	for _, c := range a.Conflict {
		t.row("contradiction", c.Policy+" and "+c.Other+": "+c.Reason)
	}
	t.draw()
}
