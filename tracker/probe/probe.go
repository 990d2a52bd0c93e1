package probe

import (
	"context"
	"errors"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/tracker/roster"
)

// starts are when the tries of one probe begin. One lost packet costs 10 ms.
var starts = []time.Duration{0, 10 * time.Millisecond, 25 * time.Millisecond}

// Prober probes nodes. It is safe for concurrent use.
type Prober struct {
	timeout time.Duration
	metrics *metrics
}

// New makes a Prober whose probes take at most timeout.
func New(timeout time.Duration, reg prometheus.Registerer) *Prober {
	return &Prober{timeout: timeout, metrics: newMetrics(reg)}
}

// Probe implements [roster.Prober]. It returns within the timeout, or as soon
// as ctx ends.
func (p *Prober) Probe(ctx context.Context, addr string) roster.Outcome {
	begin := time.Now()
	probing, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	o := tryAll(probing, addr)
	took := time.Since(begin)
	if o = believe(o, took, p.timeout); ctx.Err() != nil {
		o = roster.Unsure
	}
	p.metrics.probed(o, took)
	return o
}

// believe makes nothing of a silence that ended long after the deadline: this
// process was starved or paused, and the answer may have been there in time.
func believe(o roster.Outcome, took, timeout time.Duration) roster.Outcome {
	if o == roster.Mute && took > timeout+timeout/2 {
		return roster.Unsure
	}
	return o
}

// tryAll returns the first outcome that settles the matter.
func tryAll(ctx context.Context, addr string) roster.Outcome {
	var tries sync.WaitGroup
	defer tries.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make(chan roster.Outcome, len(starts)) // nobody may be waiting any more
	for _, start := range starts {
		tries.Go(func() { outcomes <- tryAfter(ctx, start, addr) })
	}
	last := roster.Mute
	for range starts {
		select {
		case o := <-outcomes:
			if o == roster.Alive || o == roster.Refused {
				return o
			}
			last = max(last, o)
		case <-ctx.Done():
			return last
		}
	}
	return last
}

func tryAfter(ctx context.Context, start time.Duration, addr string) roster.Outcome {
	wait := time.NewTimer(start)
	defer wait.Stop()
	select {
	case <-wait.C:
		return judge(try(ctx, addr))
	case <-ctx.Done():
		return roster.Mute
	}
}

// judge says what an error tells of the node. What this machine is to blame
// for tells nothing: no name service, no route, no free port or descriptor.
func judge(err error) roster.Outcome {
	if _, unresolved := errors.AsType[*net.DNSError](err); unresolved {
		return roster.Unsure
	}
	for _, ours := range []error{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENETUNREACH, syscall.ENETDOWN} {
		if errors.Is(err, ours) {
			return roster.Unsure
		}
	}
	switch {
	case err == nil:
		return roster.Alive
	case errors.Is(err, syscall.ECONNREFUSED):
		return roster.Refused
	default:
		return roster.Mute
	}
}
