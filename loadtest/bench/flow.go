package bench

import (
	"context"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// The interface's counters are read this often during a transfer.
const flowTick = 5 * time.Millisecond

// sample is the count of received bytes at some time.
type sample struct {
	at       time.Time
	received int64
}

// watch measures how fast the layer arrives at the taker while transfer runs,
// as shares of the link in percent: the layer's own bytes, and all that HTB
// counts, which is what it shapes: Ethernet frames of 1514 bytes, of which
// 1448 are payload, so that payload can't be more than 95.6 %.
//
// It is the rate between 1 % and 99 % of the bytes: what comes before and
// after (manifests, the registry that does not answer, unpacking) is in the
// time of the whole pull.
func (s *linkStage) watch(what string, transfer func(context.Context) error) (payload, wire float64) {
	s.t.Helper()
	host := s.taker.Host
	shaped := host.Shaped().Received
	done := make(chan error, 1)
	go func() { done <- transfer(s.t.Context()) }()
	samples, err := sampleUntil(done, host)
	if err != nil {
		s.t.Fatalf("%s: %w", what, err)
	}
	rate, counted := steady(samples)
	perByte := float64(linkRate) / 8 / 100
	size := float64(s.layer.Size)
	payload = rate * size / float64(counted) / perByte
	wire = payload * float64(host.Shaped().Received-shaped) / size
	return payload, wire
}

func sampleUntil(done <-chan error, h *testbed.Host) (samples []sample, err error) {
	tick := time.NewTicker(flowTick)
	defer tick.Stop()
	for {
		samples = append(samples, sample{time.Now(), h.Traffic().Received})
		select {
		case err := <-done:
			return append(samples, sample{time.Now(), h.Traffic().Received}), err
		case <-tick.C:
		}
	}
}

// steady is the rate in bytes per second between 1 % and 99 % of all that was
// received, and how much this was.
func steady(samples []sample) (rate float64, all int64) {
	base := samples[0].received
	all = samples[len(samples)-1].received - base
	first, last := samples[0], samples[0]
	for _, s := range samples {
		if s.received-base <= all/100 {
			first = s
		}
		if s.received-base <= all-all/100 {
			last = s
		}
	}
	seconds := last.at.Sub(first.at).Seconds()
	if seconds == 0 {
		return 0, all
	}
	return float64(last.received-first.received) / seconds, all
}
