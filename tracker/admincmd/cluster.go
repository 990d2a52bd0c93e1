package admincmd

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func clusterCommands() []*cobra.Command {
	return []*cobra.Command{
		show(view[admin.Summary]{
			use: "summary", short: "The cluster at a glance", args: cobra.NoArgs,
			ask: fixed[admin.Summary]("/summary"), draw: drawSummary,
		}),
		show(view[admin.Zones]{
			use: "zones", short: "Nodes by zone and state", args: cobra.NoArgs,
			ask: fixed[admin.Zones]("/zones"), draw: drawZones,
		}),
		show(view[admin.Hour]{
			use: "hour", short: "What pulls came to in each of the last 60 minutes, and together", args: cobra.NoArgs,
			ask: fixed[admin.Hour]("/pulls/hour"), draw: drawHour,
		}),
	}
}

// fixed asks for one path.
func fixed[T any](path string) func(context.Context, *client, []string) (T, error) {
	return func(ctx context.Context, c *client, _ []string) (T, error) {
		return call[T](ctx, c, http.MethodGet, path, nil)
	}
}

// named asks for what the first argument names.
func named[T any](before, after string) func(context.Context, *client, []string) (T, error) {
	return func(ctx context.Context, c *client, args []string) (T, error) {
		return call[T](ctx, c, http.MethodGet, before+segment(args[0])+after, nil)
	}
}

func drawSummary(s *screen, a *admin.Summary) {
	t := s.sheet("of", "is")
	t.row("tracker", s.paint(a.Tracker.Status)+", up since "+at(a.Tracker.StartedAt))
	if m := a.Tracker.Memory; m != nil {
		t.row("common memory", fmt.Sprintf("%s, shared by %d trackers, %d failures", s.paint(m.State), m.Trackers, m.Failures))
	}
	t.row("nodes", s.states(a.Nodes))
	if len(a.ClosedGates) > 0 {
		t.row("gates closed", strings.Join(a.ClosedGates, ", "))
	}
	c, p := a.Content, a.Pulls
	t.row("content", fmt.Sprintf("%d digests, %d images, %d holdings, %d withheld", c.Digests, c.Images, c.Holdings, c.Withheld))
	t.row("pulls", fmt.Sprintf("%d running, %d complete, %d ended, %d lost", p.Running, p.Complete, p.Ended, p.Lost))
	t.row("bytes", fmt.Sprintf("%s from peers, %s from the origin", size(p.PeerBytes), size(p.OriginBytes)))
	t.draw()
}

// states lists those that there are.
func (s *screen) states(n admin.States) string {
	var words []string
	for _, each := range []struct {
		count int
		state string
	}{{n.Ready, "ready"}, {n.Suspect, "suspect"}, {n.Dead, "dead"}, {n.Joining, "joining"}, {n.Draining, "draining"}, {n.Gone, "gone"}} {
		if each.count > 0 {
			words = append(words, number(each.count)+" "+s.paint(each.state))
		}
	}
	return dash(strings.Join(words, ", "))
}

func drawZones(s *screen, a *admin.Zones) {
	t := s.sheet("zone", "ready", "suspect", "dead", "joining", "draining", "gone")
	for _, z := range a.Items {
		n := z.Nodes
		t.row(dash(z.Zone), number(n.Ready), number(n.Suspect), number(n.Dead), number(n.Joining), number(n.Draining), number(n.Gone))
	}
	t.draw()
}
