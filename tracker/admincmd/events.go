package admincmd

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func eventCommands() []*cobra.Command {
	return []*cobra.Command{verdictsCommand(), pullsCommand(), runningCommand(), followCommand()}
}

func verdictsCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Verdicts]{
		use: "verdicts", short: "Recent changes of nodes' states, the newest first", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) {
			q.text(cmd.Flags(), "node", "of this node")
			q.list(cmd.Flags(), "state", "to one of these states: "+strings.Join(nodeStates, ", ")+", purged")
			q.text(cmd.Flags(), "reason", "for this reason")
			recent(cmd, q)
			completeStates(cmd, slices.Concat(nodeStates, []string{"purged"})...)
		},
		ask: func(ctx context.Context, c *client, _ []string) (admin.Verdicts, error) {
			return pages(ctx, c, "/verdicts", q, func(all *admin.Verdicts, page admin.Verdicts) (int, string) {
				all.Items = append(all.Items, page.Items...)
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.Verdicts) {
			t := s.sheet("at", "node", "state", "reason", "was", "+epoch")
			for _, v := range a.Items {
				t.row(at(v.At), v.Node, s.paint(v.To), v.Reason, v.From, number(v.Epoch))
			}
			t.draw()
		},
	})
}

// recent is how many of a long past are shown.
func recent(cmd *cobra.Command, q *query) {
	const some = 50
	cmd.Flags().IntVarP(&q.limit, "limit", "n", some, "show so many at most; 0 shows all")
}

func pullsCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.Pulls]{
		use: "pulls", short: "Recent pulls that are over, the newest first", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) {
			q.text(cmd.Flags(), "node", "into this node")
			q.text(cmd.Flags(), "digest", "of this digest")
			q.list(cmd.Flags(), "state", "with one of these ends: complete, ended, lost")
			recent(cmd, q)
			completeStates(cmd, "complete", "ended", "lost")
		},
		ask: func(ctx context.Context, c *client, _ []string) (admin.Pulls, error) {
			return pages(ctx, c, "/pulls", q, func(all *admin.Pulls, page admin.Pulls) (int, string) {
				all.Items = append(all.Items, page.Items...)
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.Pulls) { s.pulls(a.Items).draw() },
	})
}

func runningCommand() *cobra.Command {
	q := newQuery()
	return show(view[admin.RunningPulls]{
		use: "running", short: "Pulls under way", args: cobra.NoArgs,
		flags: func(cmd *cobra.Command) {
			q.text(cmd.Flags(), "node", "into this node")
			q.text(cmd.Flags(), "digest", "of this digest")
			q.most(cmd.Flags())
		},
		ask: func(ctx context.Context, c *client, _ []string) (admin.RunningPulls, error) {
			return pages(ctx, c, "/pulls/running", q, func(all *admin.RunningPulls, page admin.RunningPulls) (int, string) {
				all.Items, all.Total = append(all.Items, page.Items...), page.Total
				return len(all.Items), page.Next
			})
		},
		draw: func(s *screen, a *admin.RunningPulls) { s.pulls(a.Items).draw() },
	})
}

func (s *screen) pulls(items []admin.PullItem) *sheet {
	t := s.sheet("began", "node", "digest", "state", "done", "took", "from", "+rate")
	for _, p := range items {
		took := "-"
		if p.Over != nil {
			took = millis(p.Over.Sub(p.Began).Milliseconds())
		}
		t.row(at(p.Began), p.Node, s.short(p.Digest), s.paint(p.State), part(p.Offset, p.Size), took, sources(p.Sources), size(p.Rate)+"/s")
	}
	return t
}

func followCommand() *cobra.Command {
	var after uint64
	cmd := leaf("events", "Events as they happen, until it is interrupted", cobra.NoArgs, nil, func(cmd *cobra.Command, s *session, _ []string) error {
		query := url.Values{}
		if after > 0 {
			query.Set("after", strconv.FormatUint(after, 10))
		}
		res, err := s.do(cmd.Context(), http.MethodGet, "/events", query)
		if err != nil {
			return err
		}
		defer func() { _ = res.Body.Close() }()
		err = s.follow(res.Body)
		if cmd.Context().Err() != nil {
			return nil
		}
		return Failure{Unreachable, cmp.Or(err, io.ErrUnexpectedEOF)}
	})
	cmd.Flags().Uint64Var(&after, "after", 0, "begin with what has happened after the event with this ID")
	return cmd
}

// follow writes one line for every event: for people, or the event's JSON.
func (s *session) follow(stream io.Reader) error {
	const longest = 1 << 20
	lines := bufio.NewScanner(stream)
	lines.Buffer(nil, longest)
	name := ""
	for lines.Scan() {
		field, value, _ := strings.Cut(lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "data":
			if err := s.tell(name, []byte(value)); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

func (s *session) tell(name string, data []byte) error {
	if s.output == "json" || s.output == "yaml" {
		_, err := fmt.Fprintf(s, `{"event":%q,"data":%s}`+"\n", name, data)
		return err
	}
	switch name {
	case "verdict":
		var v admin.VerdictItem
		if err := json.Unmarshal(data, &v); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s, "%s  %s is %s (%s)\n", at(v.At), v.Node, s.paint(v.To), v.Reason)
		return err
	case "pull":
		var p admin.PullItem
		if err := json.Unmarshal(data, &p); err != nil {
			return err
		}
		_, err := fmt.Fprintf(s, "%s  %s: %s is %s, %s, from %s\n", at(p.Began), p.Node, s.short(p.Digest), s.paint(p.State), part(p.Offset, p.Size), origin(p.Parent))
		return err
	case "work":
		var w admin.WorkItem
		if err := json.Unmarshal(data, &w); err != nil {
			return err
		}
		_, err := fmt.Fprintln(s, at(w.At), "", s.work(&w))
		return err
	case "gap":
		_, err := fmt.Fprintln(s, "some events were missed")
		return err
	}
	return nil
}
