package announcer

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/inventory"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Config says who this node is and where the trackers are. Zero values stand
// for the defaults.
type Config struct {
	// Trackers lists all trackers: "host:port" or a URL for one,
	// "dns:name:port" or "dns+http://name:port" for every address that the
	// name has, which is resolved again and again.
	Trackers []string
	Node     trackerapi.Node
	// LookupTimeout bounds one Lookup or Resolve, over all trackers that are
	// tried, and the time that a Join gives to trackers that are down.
	// Default 50 ms.
	LookupTimeout time.Duration
	// Load is asked for each heartbeat. Default: no load.
	Load func() trackerapi.Load
	// Ingests is asked for each heartbeat: all that is on its way into this
	// node. Default: nothing.
	Ingests func() []trackerapi.Ingest
	// Work hears of each tracker that asks for a work message. It must not
	// block. Default: nobody hears it.
	Work func(*trackerapi.Client)
	// Rejoin hears which of the digests on their way may have a better parent.
	// It must not block. Default: nobody hears it.
	Rejoin func([]digest.Digest)
	// Ready, when set, holds announcements back until it is closed. Before
	// the first walk of the store the inventory is empty, and a tracker that
	// remembers this node should not be told so.
	Ready <-chan struct{}
	// ResolveHost finds the addresses of a name. Default: the system's
	// resolver.
	ResolveHost func(ctx context.Context, name string) ([]string, error)

	// Via says what messages to a tracker go through on their way to base, its
	// transport. Default: nothing.
	Via func(base http.RoundTripper) http.RoundTripper

	// roundTripper replaces the network in tests.
	roundTripper http.RoundTripper
}

func (c Config) withDefaults() Config {
	c.LookupTimeout = cmp.Or(c.LookupTimeout, 50*time.Millisecond)
	if c.Via == nil {
		c.Via = func(base http.RoundTripper) http.RoundTripper { return base }
	}
	if c.Load == nil {
		c.Load = func() trackerapi.Load { return trackerapi.Load{} }
	}
	if c.Ingests == nil {
		c.Ingests = func() []trackerapi.Ingest { return nil }
	}
	if c.Work == nil {
		c.Work = func(*trackerapi.Client) {}
	}
	if c.Rejoin == nil {
		c.Rejoin = func([]digest.Digest) {}
	}
	if c.Ready == nil {
		ready := make(chan struct{})
		close(ready)
		c.Ready = ready
	}
	if c.ResolveHost == nil {
		c.ResolveHost = net.DefaultResolver.LookupHost
	}
	return c
}

// Inventory is what this node holds. Sequence numbers only grow.
type Inventory interface {
	// Snapshot returns the whole of it.
	Snapshot() inventory.Snapshot
	// Since returns what has changed after seq; false when it no longer
	// knows.
	Since(seq uint64) (inventory.Delta, bool)
	// Wait returns once there is something after seq, or with an error when
	// ctx has ended.
	Wait(ctx context.Context, seq uint64) error
	// Verify hashes a copy that is said to be wrong, in the background.
	Verify(digest.Digest)
}
