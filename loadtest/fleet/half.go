package fleet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// halfTurns is how many times as long as other measurements half load takes: the
// tracker's garbage collections are rare, but lookups are late because of them.
const halfTurns = 4

// halfLoad measures how long lookups of so many digests take at a rate.
func (r *run) halfLoad(ctx context.Context, name string, digests int, rate float64) (err error) {
	rush := &rush{gap: time.Duration(float64(time.Second) / rate)}
	defer func() { err = errors.Join(err, rush.giveBack()) }()
	if err := r.borrow(ctx, rush, digests); err != nil {
		return err
	}
	before, err := r.collections(ctx)
	if err != nil {
		return err
	}
	half, first, err := r.rushing(ctx, name+", half of that", rush, verbOf(digests))
	if err != nil {
		return err
	}
	after, err := r.collections(ctx)
	if err != nil {
		return err
	}
	r.report.figure(name+", half load", "/s", nil, half.perSecond())
	r.report.figure(name+", half load, share of a core", "%", nil, 100*half.share()/float64(r.Trackers))
	r.report.figure(name+", not counted, the load was held up", "%", nil, 100*rush.lost())
	r.report.figure(name+", garbage collections meanwhile", "", nil, after-before)
	how := " at half load"
	if !first {
		how += ", beside all that this machine does"
	}
	r.report.figure(name+", p50"+how, "ms", nil, half.Verbs[0].P50)
	r.report.figure(name+", p99"+how, "ms", atMost(1), half.Verbs[0].P99)
	return nil
}

// rushing is the phase of a rush. It tells whether the trackers and this process came
// first.
func (r *run) rushing(ctx context.Context, name string, rush *rush, verb string) (p *Phase, first bool, err error) {
	p, err = r.phase(name, func() (err error) {
		rush.seen = r.fleet.note().verbs[verb]
		first, err = r.alone(func() error { return rush.run(ctx, halfTurns*r.Duration) })
		return err
	})
	if err == nil && len(p.Verbs) == 0 {
		err = fmt.Errorf("%s: no answer was seen", name)
	}
	return p, first, err
}

// collections is how many times the trackers have collected garbage so far.
func (r *run) collections(ctx context.Context) (count float64, err error) {
	for _, t := range r.trackers {
		m, err := t.scrape(ctx)
		if err != nil {
			return 0, err
		}
		count += m[gcsMetric]
	}
	return count, nil
}

// borrow lends the rush all lines that are connected, each with a lookup of its node's
// own.
func (r *run) borrow(ctx context.Context, rush *rush, digests int) error {
	for _, n := range r.fleet.nodes {
		for t := range n.session {
			l := n.session[t].line
			fd, err := l.lend()
			if errors.Is(err, errNotConnected) {
				continue
			}
			if err != nil {
				return err
			}
			request, err := r.rendered(ctx, n, t, digests)
			rush.lines = append(rush.lines, rushLine{fd: fd, owner: l, request: request})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// rendered is a lookup as a seeder sends it.
func (r *run) rendered(ctx context.Context, n *node, tracker, digests int) ([]byte, error) {
	m := trackerapi.LookupRequest{Node: n.name}
	for _, d := range r.wanted(digests) {
		m.Digests = append(m.Digests, r.fleet.catalogue.digests[d])
	}
	body, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+r.trackers[tracker].addr+"/v1/lookup", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	var all bytes.Buffer
	err = req.Write(&all)
	return all.Bytes(), err
}

func verbOf(digests int) string {
	if digests == 1 {
		return lookupOne
	}
	return lookupBatch
}
