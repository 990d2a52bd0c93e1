package admincmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

const lookAgain = time.Second // between two looks at something that gets on

// saving are the flags of a drain.
type saving struct {
	save, force, wait bool
	deadline          time.Duration
}

func drainCommand() *cobra.Command {
	var f saving
	cmd := leaf("drain <node>…", "Take nodes out of the answers, over restarts, until they are undrained", cobra.MinimumNArgs(1), nodeNames,
		func(cmd *cobra.Command, s *session, nodes []string) error {
			query, err := f.query()
			if err != nil {
				return err
			}
			if err := s.change(cmd.Context(), "drain", query, nodes); err != nil || !f.wait {
				return err
			}
			return s.waitDrains(cmd.Context(), nodes)
		})
	flags := cmd.Flags()
	flags.BoolVar(&f.save, "save", false, "first have what only they have copied elsewhere; meanwhile they go on as they are")
	flags.DurationVar(&f.deadline, "deadline", 0, "with --save: time for it; then it is blocked until it is forced or given more")
	flags.BoolVar(&f.force, "force", false, "with --save: leave even with what is left")
	flags.BoolVar(&f.wait, "wait", false, "with --save: show how it gets on, until all have left or one is blocked (exit code 7)")
	return cmd
}

func (f *saving) query() (url.Values, error) {
	if !f.save {
		if f.force || f.wait || f.deadline != 0 {
			return nil, Failure{Usage, errors.New("--deadline, --force and --wait are for --save")}
		}
		return nil, nil
	}
	q := url.Values{"save": {"true"}}
	if f.deadline != 0 {
		q.Set("deadline", f.deadline.String())
	}
	if f.force {
		q.Set("force", "true")
	}
	return q, nil
}

// waitDrains shows each change until all nodes have left.
func (s *session) waitDrains(ctx context.Context, nodes []string) error {
	said := map[string]string{}
	for left := 0; left < len(nodes); {
		left = 0
		for _, name := range nodes {
			d, err := call[admin.DrainStatus](ctx, s.client, http.MethodGet, "/drains/"+segment(name), nil)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			line := fmt.Sprintf("%s: %s, %d of %d images saved", name, s.paint(d.State), d.Images-len(d.Left), d.Images)
			if said[name] != line && s.talks() {
				said[name] = line
				_, _ = fmt.Fprintln(s, line) // to the terminal
			}
			switch d.State {
			case "left":
				left++
			case "dead":
				return Failure{NotDone, fmt.Errorf("%s died before it was drained", name)}
			case "blocked":
				if err := s.write(d, func() { s.then(s.leftovers(&d)) }); err != nil {
					return err
				}
				return Failure{NotDone, fmt.Errorf("%s: %s", name, d.Reason)}
			}
		}
		if left < len(nodes) && !rest(ctx, lookAgain) {
			return Failure{Other, ctx.Err()}
		}
	}
	return nil
}

func (s *screen) leftovers(d *admin.DrainStatus) *sheet {
	t := s.sheet("image", "other copies", "wanted", "bytes", "reason", "+digest")
	for _, l := range d.Left {
		t.row(l.Image, number(l.Live), number(l.Wanted), size(l.Bytes), l.Reason, string(l.Digest))
	}
	return t
}

func drainsCommand() *cobra.Command {
	return show(view[admin.Drains]{
		use: "drains", short: "Drains that save content first", args: cobra.NoArgs, ask: fixed[admin.Drains]("/drains"),
		draw: func(s *screen, a *admin.Drains) {
			t := s.sheet("node", "state", "saved", "deadline", "reason")
			for _, d := range a.Items {
				deadline := "-"
				if d.Deadline != nil {
					deadline = at(*d.Deadline)
				}
				t.row(d.Node, s.paint(d.State), fmt.Sprintf("%d of %d", d.Images-len(d.Left), d.Images), deadline, d.Reason)
			}
			t.draw()
		},
	})
}

// rest says whether ctx has lasted.
func rest(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
