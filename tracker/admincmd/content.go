package admincmd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func contentCommands() []*cobra.Command {
	return []*cobra.Command{
		show(view[admin.DigestDetail]{
			use: "digest <digest>", short: "All about one digest", args: cobra.ExactArgs(1), complete: digests,
			ask: ofDigest[admin.DigestDetail](""), draw: drawDigest,
		}),
		holdersCommand(),
		swarmCommand(),
		swarmsCommand(),
		imagesCommand(),
		show(view[admin.ImageDetail]{
			use: "image <name>", short: "What the cluster has by one image name", args: cobra.ExactArgs(1), complete: imageNames,
			ask: named[admin.ImageDetail]("/images/", ""), draw: drawImage,
		}),
		explainCommand(),
		atRiskCommand(),
		whatIfCommand(),
	}
}

func drawDigest(s *screen, d *admin.DigestDetail) {
	t := s.sheet("of", "is")
	t.row("digest", string(d.Digest))
	if d.Size > 0 {
		t.row("size", size(d.Size))
	}
	t.row("live holders", number(d.Live))
	t.row("all holders", s.states(d.Holders))
	t.row("withheld", number(d.Withheld))
	t.row("on its way to", fmt.Sprintf("%d nodes, %d by lease from the origin", d.Partial, d.Leases))
	for _, name := range d.Images {
		t.row("image", name)
	}
	t.draw()
	s.then(s.coverage(d.Zones))
}

func (s *screen) coverage(zones []admin.Coverage) *sheet {
	t := s.sheet("zone", "live holders", "of live nodes")
	for _, z := range zones {
		t.row(dash(z.Zone), number(z.Live), number(z.Of))
	}
	return t
}

func holdersCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Holders]{
		use: "holders <digest>", short: "Who holds a digest whole", args: cobra.ExactArgs(1), complete: digests,
		flags: func(cmd *cobra.Command) {
			q.list(cmd.Flags(), "state", "nodes in one of these states: "+strings.Join(nodeStates, ", "))
			q.list(cmd.Flags(), "zone", "nodes of one of these zones")
			q.most(cmd.Flags())
			completeStates(cmd, nodeStates...)
		},
		ask: func(ctx context.Context, c *client, args []string) (admin.Holders, error) {
			d, err := whole(ctx, c, args[0])
			if err != nil {
				return admin.Holders{}, err
			}
			return pages(ctx, c, "/digests/"+segment(d)+"/holders", q, func(all *admin.Holders, page admin.Holders) (int, string) {
				all.Items, all.Total = append(all.Items, page.Items...), page.Total
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.Holders) {
			t := s.sheet("node", "state", "zone", "notes", "+address")
			for _, h := range a.Items {
				t.row(h.Node, s.paint(h.State), dash(h.Zone), yes(h.Withheld, "withheld"), h.Addr)
			}
			t.draw()
		},
	})
}

func imagesCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Images]{
		use: "images", short: "Image names", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) {
			q.text(cmd.Flags(), "name", "names that have this in them")
			q.most(cmd.Flags())
		},
		ask: func(ctx context.Context, c *client, _ []string) (admin.Images, error) {
			return pages(ctx, c, "/images", q, func(all *admin.Images, page admin.Images) (int, string) {
				all.Items, all.Total = append(all.Items, page.Items...), page.Total
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.Images) {
			t := s.sheet("image", "nodes", "versions", "newest")
			for _, i := range a.Items {
				t.row(i.Name, number(i.Nodes), number(i.Digests), s.short(i.Digest))
			}
			t.draw()
		},
	})
}

func drawImage(s *screen, i *admin.ImageDetail) {
	for at, v := range i.Versions {
		if at > 0 {
			_, _ = fmt.Fprintln(s) // to the terminal
		}
		_, _ = fmt.Fprintf(s, "%s\n%d nodes have the name for it, %d live holders\n", v.Digest, v.Nodes, v.Live)
		s.coverage(v.Zones).draw()
	}
}

func explainCommand() *cobra.Command {
	var limit int
	return show(view[admin.Explanation]{
		use: "explain <node> <digest>", short: "What a lookup by this node would answer now, and why", args: cobra.ExactArgs(2), complete: nodeNames,
		flags: func(cmd *cobra.Command) {
			cmd.Flags().IntVar(&limit, "limit", 0, "how many holders the node asks for; 0 leaves it to the tracker")
		},
		ask: func(ctx context.Context, c *client, args []string) (admin.Explanation, error) {
			d, err := whole(ctx, c, args[1])
			if err != nil {
				return admin.Explanation{}, err
			}
			values := url.Values{"node": {args[0]}, "digest": {d}, "limit": {strconv.Itoa(limit)}}
			return call[admin.Explanation](ctx, c, http.MethodGet, "/explain", values)
		},
		draw: drawExplanation,
	})
}

func drawExplanation(s *screen, e *admin.Explanation) {
	t := s.sheet("rank", "node", "answer", "class", "uploads", "stability", "zone", "+address")
	for i, c := range e.Candidates {
		t.row(number(i+1), c.Node, yes(c.HandedOut, "handed out"), c.Class, number(c.Uploads), fmt.Sprintf("%.2f", c.Stability), dash(c.Zone), c.Addr)
	}
	for _, x := range e.Excluded {
		t.row("-", x.Node, "", "excluded: "+x.Reason, "", "", "", "")
	}
	t.draw()
	if e.Unseen > 0 {
		_, _ = fmt.Fprintf(s, "%d more holders were not looked at\n", e.Unseen)
	}
}
