package announcer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

var (
	errOvertaken = errors.New("another tracker has answered first")
	errSilent    = errors.New("no answer in time")
)

// question is a join that may be asked of several trackers at a time. The next one
// is asked when half of what is left of LookupTimeout has passed, or when one has
// failed; those asked before may still answer. It belongs to one goroutine.
type question struct {
	a      *Announcer
	caller context.Context
	ctx    context.Context // the caller's, until somebody has answered
	m      trackerapi.JoinRequest
	order  []*tracker // best first
	asked  int        // so many of them
	open   []int      // who of them has not answered
	errs   []error    // of those that failed
	got    chan reply // has room for everybody

	inTime time.Time // until then any tracker may be silent
	end    time.Time // and until then one that is in touch

	wg sync.WaitGroup
}

// reply is how one tracker has answered.
type reply struct {
	n    int // its index in the order
	resp trackerapi.JoinResponse
	err  error
}

// joinNow asks for an answer at once, and waits for up to silence for trackers that
// are in touch. It tells which has answered.
func (a *Announcer) joinNow(ctx context.Context, m trackerapi.JoinRequest, silence time.Duration) (trackerapi.JoinResponse, *tracker, error) {
	order := a.worthAsking(string(m.Digest), silence > 0)
	if len(order) == 0 {
		a.metrics.asked("join", resultNoTracker)
		return trackerapi.JoinResponse{}, nil, ErrNoTracker
	}
	began := time.Now()
	q := question{
		a: a, caller: ctx, m: m, order: order, got: make(chan reply, len(order)),
		inTime: began.Add(a.cfg.LookupTimeout), end: began.Add(max(silence, a.cfg.LookupTimeout)),
	}
	r, err := q.answer()
	a.metrics.took("join", time.Since(began), []error{err})
	if err != nil {
		return trackerapi.JoinResponse{}, nil, fmt.Errorf("%w: %w", ErrNoTracker, err)
	}
	if late := time.Since(q.inTime); late > 0 {
		a.log.Debug("join: the answer came late", "tracker", order[r.n].base, "digest", m.Digest, "late", late)
	}
	return r.resp, order[r.n], nil
}

// worthAsking returns the trackers to ask, best first. Where none is usable, one that
// has just failed its first lookups will do for somebody who can wait: it may have
// been this machine that stood still.
func (a *Announcer) worthAsking(key string, canWait bool) []*tracker {
	some := a.only((*tracker).usable)
	if len(some) == 0 && canWait {
		some = a.only((*tracker).worthAWait)
	}
	return ranked(some, key)
}

// answer returns the first one that is good, and calls the others off.
func (q *question) answer() (reply, error) {
	ctx, cancel := context.WithCancel(q.caller)
	q.ctx = ctx
	defer q.wg.Wait()
	defer cancel()
	for q.next(); len(q.open) > 0; {
		select {
		case r := <-q.got:
			if r.err == nil {
				return q.settle(r), nil
			}
			q.failed(r.n, r.err)
			q.next()
		case <-time.After(q.pause()):
			if !q.next() && !q.worthMore() {
				q.giveUp()
			}
		case <-ctx.Done():
			return reply{}, context.Cause(ctx)
		}
	}
	return reply{}, errors.Join(q.errs...)
}

// next asks one more tracker, if there is one.
func (q *question) next() bool {
	if q.asked == len(q.order) {
		return false
	}
	n := q.asked
	q.asked++
	q.open = append(q.open, n)
	q.wg.Go(func() {
		resp, err := join(q.ctx, q.order[n], q.m)
		q.got <- reply{n, resp, err}
	})
	return true
}

// pause is how long to wait for an answer before something else is tried.
func (q *question) pause() time.Duration {
	left := time.Until(q.inTime)
	switch {
	case left <= 0:
		return min(q.a.cfg.LookupTimeout, time.Until(q.end))
	case q.asked < len(q.order):
		return left / 2
	}
	return left
}

// worthMore tells whether to wait on: one that was asked, and has not failed, is
// in touch.
func (q *question) worthMore() bool {
	return time.Now().Before(q.end) &&
		slices.ContainsFunc(q.open, func(n int) bool { return q.order[n].inTouch() })
}

// settle picks the answer of the best tracker among those that are there. A better
// one that was overtaken within LookupTimeout has failed: one that is frozen shall
// not slow down every join until its heartbeat is missed. After that time all are
// slow, which is more likely to be this machine's fault.
func (q *question) settle(best reply) reply {
	for range len(q.got) {
		if r := <-q.got; r.err == nil && r.n < best.n {
			best = r
		}
	}
	q.a.note(q.caller, q.order[best.n], nil)
	for _, n := range q.open {
		if n < best.n && time.Now().Before(q.inTime) {
			q.a.note(q.caller, q.order[n], errOvertaken)
		}
	}
	return best
}

// failed notes that a tracker will not answer.
func (q *question) failed(n int, err error) {
	q.a.note(q.caller, q.order[n], err)
	q.errs = append(q.errs, fmt.Errorf("%s: %w", q.order[n].base, err))
	q.open = slices.DeleteFunc(q.open, func(o int) bool { return o == n })
}

// giveUp notes that nobody has answered in the time that there was. One that was given
// no more than LookupTimeout may just be slow.
func (q *question) giveUp() {
	inVain := q.end.After(q.inTime) && !time.Now().Before(q.end)
	for _, n := range slices.Clone(q.open) {
		if inVain {
			q.order[n].mute.Add(1)
		}
		q.failed(n, errSilent)
	}
}
