package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/tracker/admin"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/swarm"
	"github.com/drayproject/dray/tracker/web"
)

// recentEvents is how many events of each kind are kept for people to see.
const recentEvents = 10_000

// happenings is what people can be told of the latest.
type happenings struct {
	log   *events.Log
	pulls *events.Pulls
}

func newHappenings() happenings {
	log := events.NewLog(recentEvents)
	return happenings{log, events.NewPulls(log)}
}

// newAdmin puts together what answers people.
func (t *Tracker) newAdmin(cfg Config, parts admin.Parts) (*admin.Admin, error) {
	token, err := cfg.adminToken()
	if err != nil {
		return nil, err
	}
	if token == "" && !onLoopback(cfg.AdminListen) {
		t.log.Warn("admin API is open to whoever reaches it: there is no admin-token", "admin", cfg.AdminListen)
	}
	parts.Token, parts.Version = token, process.Version()
	parts.Roster, parts.Flows = t.roster, flows{t.swarm}
	if t.scribe != nil {
		parts.Memory = func() admin.Memory {
			st := t.scribe.Stats()
			return admin.Memory{State: string(st.State), Trackers: st.Trackers, Written: st.Written, Failures: st.Failures}
		}
	}
	people := admin.New(parts, t.log)
	for _, page := range web.Pages {
		people.Show(page, dashboard)
	}
	return people, nil
}

var dashboard = web.New()

func onLoopback(addr string) bool {
	host, _, _ := net.SplitHostPort(addr) // a bad one can't be listened on
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || (err == nil && ip.IsLoopback())
}

// adminToken is what people have to know, if anything.
func (c *Config) adminToken() (string, error) {
	switch {
	case c.AdminToken != strings.TrimSpace(c.AdminToken):
		return "", errors.New("admin-token must not begin or end with white space")
	case c.AdminTokenFile == "":
		return c.AdminToken, nil
	case c.AdminToken != "":
		return "", errors.New("give admin-token or admin-token-file, not both")
	}
	text, err := os.ReadFile(c.AdminTokenFile)
	if err != nil {
		return "", fmt.Errorf("admin-token-file: %w", err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", fmt.Errorf("admin-token-file: %s is empty", c.AdminTokenFile)
	}
	return token, nil
}

// flows shows swarms to people.
type flows struct{ swarm *swarm.Swarm }

// Flow implements [admin.Flows].
func (f flows) Flow(d digest.Digest) admin.Flow {
	v := f.swarm.View(d)
	flow := admin.Flow{Size: v.Size, Waiting: v.Waiting}
	for _, p := range v.Partials {
		flow.Nodes = append(flow.Nodes, admin.Partial{Node: p.Node, Parent: p.Parent, Depth: p.Depth, Offset: p.Offset, Rate: p.Rate})
	}
	for _, l := range v.Leases {
		flow.Leases = append(flow.Leases, admin.Lease{Node: l.Node, Since: l.Since.UTC()})
	}
	return flow
}

// Flowing implements [admin.Flows].
func (f flows) Flowing() []admin.SwarmItem {
	moving := f.swarm.Moving()
	all := make([]admin.SwarmItem, len(moving))
	for i, o := range moving {
		all[i] = admin.SwarmItem{Digest: o.Digest, Size: o.Size, Nodes: o.Partials, Leases: o.Leases, Waiting: o.Waiting}
	}
	return all
}
