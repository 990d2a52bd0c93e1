package app

import (
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

var cold = digest.FromString("cold")

func (n *node) joins(wait time.Duration) trackerapi.JoinResponse {
	n.t.Helper()
	got, err := n.Join(n.ctx, trackerapi.JoinRequest{Sender: n.Sender, Digest: cold, WaitMS: wait.Milliseconds()})
	if err != nil {
		n.t.Fatal(err)
	}
	return got
}

// A tracker as it is: the roster's verdicts and the clock reach the swarms.
func TestALeasePassesToTheOneWhoWaits(t *testing.T) {
	for name, c := range map[string]struct {
		fail  func(*node)
		start time.Duration
	}{
		"its node leaves": {func(n *node) { _, _ = n.Leave(n.ctx, trackerapi.LeaveRequest{Sender: n.Sender}) }, patience},
		"nothing comes":   {func(*node) {}, 100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			tracker := start(t, func(cfg *Config) { cfg.OriginWait, cfg.OriginStart = 5*time.Second, c.start })
			a, b := join(t, tracker, "a", ""), join(t, tracker, "b", "")
			if got := a.joins(0); !got.Lease {
				t.Fatalf("got %+v", got)
			}
			go c.fail(a)
			if got := b.joins(5 * time.Second); !got.Lease {
				t.Fatalf("got %+v", got)
			}
		})
	}
}

func TestSwarmsInTheConfiguration(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"negative wait":    func(c *Config) { c.OriginWait = -1 },
		"endless wait":     func(c *Config) { c.OriginWait = time.Minute },
		"no time to start": func(c *Config) { c.OriginStart = 0 },
		"negative streams": func(c *Config) { c.OriginStreams = -1 },
	} {
		c := Default()
		if change(&c); c.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
	c := Default()
	c.OriginWait = 0
	if err := c.check(); err != nil {
		t.Error(err)
	}
}
