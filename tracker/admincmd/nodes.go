package admincmd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func nodeCommands() []*cobra.Command {
	return []*cobra.Command{
		nodesCommand(),
		show(view[admin.NodeDetail]{
			use: "node <name>", short: "All about one node", args: cobra.ExactArgs(1), complete: nodeNames,
			ask: named[admin.NodeDetail]("/nodes/", ""), draw: drawNode,
		}),
		inventoryCommand(),
		drainCommand(),
		changeCommand("undrain", "Bring drained nodes back"),
	}
}

func nodesCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Nodes]{
		use: "nodes", short: "Nodes, by name", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) {
			q.list(cmd.Flags(), "state", "nodes in one of these states: "+strings.Join(nodeStates, ", "))
			q.list(cmd.Flags(), "zone", "nodes of one of these zones")
			q.list(cmd.Flags(), "label", "nodes with all of these labels, key or key=value")
			q.text(cmd.Flags(), "name", "nodes whose name has this in it")
			q.most(cmd.Flags())
			completeStates(cmd, nodeStates...)
		},
		ask: func(ctx context.Context, c *client, _ []string) (admin.Nodes, error) {
			return pages(ctx, c, "/nodes", q, func(all *admin.Nodes, page admin.Nodes) (int, string) {
				all.Items, all.Total = append(all.Items, page.Items...), page.Total
				return len(all.Items), page.Next
			})
		},
		draw: drawNodes,
	})
}

func drawNodes(s *screen, a *admin.Nodes) {
	t := s.sheet("node", "state", "zone", "notes", "digests", "uploads", "stability", "+address", "+version", "+epoch", "+images", "+labels")
	for _, n := range a.Items {
		notes := yes(n.Busy, "busy")
		if n.Degraded != "" {
			notes = "degraded: " + n.Degraded
		}
		t.row(n.Name, s.paint(n.State), dash(n.Zone), notes, number(n.Digests), number(n.Uploads), fmt.Sprintf("%.2f", n.Stability),
			n.Addr, n.Version, number(n.Epoch), number(n.Images), labels(n.Labels))
	}
	t.draw()
}

func drawNode(s *screen, n *admin.NodeDetail) {
	t := s.sheet("of", "is")
	t.row("node", n.Name)
	t.row("state", s.paint(n.State))
	t.row("zone", dash(n.Zone))
	t.row("address", n.Addr)
	t.row("version", dash(n.Version))
	t.row("labels", dash(labels(n.Labels)))
	t.row("silent for", millis(n.SilentMS))
	t.row("load", fmt.Sprintf("%d uploads of %s, %s/s, first byte in %d ms (p95)", n.Load.Uploads, bound(n.Load.Slots), size(n.Load.UploadRate), n.Load.LatencyMS))
	t.row("degraded", dash(n.Degraded))
	t.row("stability", fmt.Sprintf("%.2f; up for %s, %d deaths, %d returns", n.Stability, millis(n.History.UptimeMS), n.History.Failures, n.History.Flaps))
	t.row("holds", fmt.Sprintf("%d digests, %d image names", n.Digests, n.Images))
	t.draw()
	past := s.sheet("at", "state", "reason")
	for _, p := range n.History.Latest {
		past.row(at(p.At), s.paint(p.State), p.Reason)
	}
	s.then(past)
	if len(n.Pulls) > 0 {
		s.then(s.pulls(n.Pulls))
	}
}

// then draws another table below.
func (s *screen) then(t *sheet) {
	_, _ = fmt.Fprintln(s) // to the terminal
	t.draw()
}

func bound(slots int) string {
	if slots == 0 {
		return "any number"
	}
	return number(slots)
}

func inventoryCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Inventory]{
		use: "inventory <node>", short: "What a node holds", args: cobra.ExactArgs(1), complete: nodeNames,
		flags: func(cmd *cobra.Command) { q.most(cmd.Flags()) },
		ask: func(ctx context.Context, c *client, args []string) (admin.Inventory, error) {
			return pages(ctx, c, "/nodes/"+segment(args[0])+"/digests", q, func(all *admin.Inventory, page admin.Inventory) (int, string) {
				all.Items, all.Total = append(all.Items, page.Items...), page.Total
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.Inventory) {
			t := s.sheet("digest", "live holders")
			for _, h := range a.Items {
				t.row(string(h.Digest), number(h.Live))
			}
			t.draw()
		},
	})
}

// changeCommand does something to nodes, one after the other.
func changeCommand(verb, short string) *cobra.Command {
	return leaf(verb+" <node>…", short, cobra.MinimumNArgs(1), nodeNames, func(cmd *cobra.Command, s *session, args []string) error {
		return s.change(cmd.Context(), verb, nil, args)
	})
}

func (s *session) change(ctx context.Context, verb string, query url.Values, nodes []string) error {
	done := []admin.NodeChange{}
	for _, name := range nodes {
		n, err := call[admin.NodeChange](ctx, s.client, http.MethodPost, "/nodes/"+segment(name)+"/"+verb, query)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		done = append(done, n)
	}
	return s.write(done, func() {
		t := s.sheet("node", "state", "drain")
		for _, n := range done {
			saving := ""
			if n.Drain != nil {
				saving = s.paint(n.Drain.State)
			}
			t.row(n.Node, s.paint(n.State), saving)
		}
		t.draw()
	})
}

var nodeStates = []string{"joining", "ready", "suspect", "dead", "draining", "gone"}
