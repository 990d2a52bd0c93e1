package faults

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	askTimeout = 5 * time.Second
	askPause   = 500 * time.Microsecond // between two looks at a tracker's answers
)

// named lists the nodes that the tracker names for a digest, best first, as if
// this node had asked.
func (t *tracker) named(ctx context.Context, asker string, d digest.Digest) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := t.client.Lookup(ctx, trackerapi.LookupRequest{Node: asker, Digests: []digest.Digest{d}, Limit: 16})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, h := range r.Handouts[0] {
		names = append(names, h.Node)
	}
	return names, nil
}

// until asks every tracker again and again until the answers of each hold the
// condition, and says how long after the beginning the last one did.
func (s *site) until(what string, began time.Time, d digest.Digest, holds func(names []string) bool) time.Duration {
	s.t.Helper()
	took := make([]time.Duration, len(s.trackers))
	group, ctx := errgroup.WithContext(s.t.Context())
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	for i, t := range s.trackers {
		group.Go(func() error {
			var names []string
			for ctx.Err() == nil {
				var err error
				if names, err = t.named(ctx, s.asker.host.Name, d); err == nil && holds(names) {
					took[i] = time.Since(began)
					return nil
				}
				<-time.After(askPause)
			}
			return fmt.Errorf("%s: not within %s: %s; it names %q", t.host.Name, settled, what, names)
		})
	}
	if err := group.Wait(); err != nil {
		s.t.Fatalf("%v", err)
	}
	return slices.Max(took)
}

// gone waits until no tracker names the node any more.
func (s *site) gone(n *node, began time.Time) time.Duration {
	s.t.Helper()
	return s.until(n.host.Name+" is named no more", began, s.stock.layer, func(names []string) bool {
		return !slices.Contains(names, n.host.Name)
	})
}

// waitFirst waits until every tracker names the node first: it is well.
func (s *site) waitFirst(n *node) {
	s.t.Helper()
	s.until(n.host.Name+" is named first", time.Now(), s.stock.layer, func(names []string) bool {
		return len(names) == len(s.holders) && names[0] == n.host.Name
	})
}

func (s *site) waitHolders(count int) {
	s.t.Helper()
	for _, d := range append(s.stock.small, s.stock.layer) {
		s.until(fmt.Sprintf("%d holders are named", count), time.Now(), d, func(names []string) bool { return len(names) == count })
	}
}
