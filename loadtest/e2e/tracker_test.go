package e2e

import (
	"context"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/shared/trackerapi"
)

// tracker is a tracker on a host of its own.
type tracker struct {
	*testbed.Process
	cluster *cluster
	host    *testbed.Host
	flags   []string
	calls   *trackerapi.Client
}

// startTracker starts one of which the seeders are not told.
func (c *cluster) startTracker(host string, flags ...string) *tracker {
	c.t.Helper()
	h := c.Host(host)
	tr := &tracker{cluster: c, host: h, flags: flags, calls: trackerapi.NewClient(h.At(testbed.TrackerPort), h.Client())}
	tr.start()
	return tr
}

// start starts it again after it has ended, with further flags.
func (tr *tracker) start(flags ...string) {
	tr.cluster.t.Helper()
	tr.Process = tr.cluster.Tracker(tr.host, slices.Concat(tr.flags, flags)...)
}

// resolves says whether the tracker knows a digest for the name of an image.
func (tr *tracker) resolves(ref string) bool {
	ctx, cancel := context.WithTimeout(tr.cluster.t.Context(), 5*time.Second)
	defer cancel()
	r, err := tr.calls.Resolve(ctx, trackerapi.ResolveRequest{Node: "e2e", Names: []string{ref}})
	return err == nil && len(r.Images) == 1 && r.Images[0].Digest != ""
}

// lookup says who holds each of the digests: names, in alphabetical order.
func (tr *tracker) lookup(ds ...digest.Digest) ([][]string, error) {
	ctx, cancel := context.WithTimeout(tr.cluster.t.Context(), 5*time.Second)
	defer cancel()
	r, err := tr.calls.Lookup(ctx, trackerapi.LookupRequest{Node: "e2e", Digests: ds})
	if err != nil {
		return nil, err
	}
	all := make([][]string, len(ds))
	for i, handout := range r.Handouts {
		for _, h := range handout {
			all[i] = append(all[i], h.Node)
		}
		slices.Sort(all[i])
	}
	return all, nil
}
