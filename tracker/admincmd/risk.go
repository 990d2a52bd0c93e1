package admincmd

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func atRiskCommand() *cobra.Command {
	return riskCommand("at-risk", "Digests with too few live holders", "/at-risk", newQuery(), nil)
}

func whatIfCommand() *cobra.Command {
	q := newQuery()
	return riskCommand("what-if", "Digests that would have too few live holders if these nodes or zones died", "/what-if", q, func(cmd *cobra.Command) {
		q.list(cmd.Flags(), "node", "nodes that die")
		q.list(cmd.Flags(), "zone", "zones that die")
	})
}

func riskCommand(use, short, path string, q *query, flags func(*cobra.Command)) *cobra.Command {
	var fail bool
	return show(view[admin.Risks]{
		use: use, short: short, args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) {
			q.text(cmd.Flags(), "copies", "fewer live holders than this are too few (default 2)")
			recent(cmd, q)
			cmd.Flags().BoolVar(&fail, "fail", false, "exit with 6 if there are any")
			if flags != nil {
				flags(cmd)
			}
		},
		ask: func(ctx context.Context, c *client, _ []string) (admin.Risks, error) {
			return pages(ctx, c, path, q, func(all *admin.Risks, page admin.Risks) (int, string) {
				all.Items, all.Total, all.Lost = append(all.Items, page.Items...), page.Total, page.Lost
				if page.Loss != nil {
					all.Loss = page.Loss
				}
				return len(all.Items), page.Next
			})
		},
		draw: drawRisks,
		check: func(a *admin.Risks) error {
			if fail && a.Total > 0 {
				return Failure{AtRisk, fmt.Errorf("%d digests are at risk", a.Total)}
			}
			return nil
		},
	})
}

func drawRisks(s *screen, a *admin.Risks) {
	t := s.sheet("digest", "live", "images")
	for _, r := range a.Items {
		t.row(s.short(r.Digest), number(r.Live), strings.Join(r.Images, ", "))
	}
	t.draw()
	_, _ = fmt.Fprintf(s, "%s, %d without any live holder\n", some(a.Total, "digest"), a.Lost)
	if l := a.Loss; l != nil && l.Images > 0 {
		_, _ = fmt.Fprintln(s, lost(l)) // to the terminal
	}
}

// lost says which images would go, and what that costs, as far as it is known.
func lost(l *admin.Loss) string {
	words := some(l.Images, "image") + " would be lost"
	if l.Unknown < l.Images {
		words += fmt.Sprintf(": %s would have to come from upstream again", size(l.Bytes))
	}
	if l.Unknown > 0 {
		words += fmt.Sprintf("; the size of %d is not known", l.Unknown)
	}
	return words
}
