package fetcher

import (
	"context"
	"errors"
	"time"
)

var errStalled = errors.New("it stopped in the middle of the body")

// spare replaces a parent that has fallen silent. It is armed for each Read and
// costs nothing but a timer until one takes too long. Then it looks for
// another parent while the first one is still being read. Whichever delivers
// first stays: if it is the spare's, the first one's request is ended, which
// ends its Read too.
//
// While the spare runs, the body waits in Read; after that, it waits for the
// spare to end. So the body's fields are never used by both at once.
type spare struct {
	body   *body
	silent *parent
	timer  *time.Timer

	ctx    context.Context // of the search, and of the parent that it finds
	cancel context.CancelFunc
	lost   chan struct{} // closed when the silent parent has failed by itself
	done   chan struct{} // closed when the search has ended
	next   *parent       // what it found
}

// newSpare makes a spare for the body's present parent.
func newSpare(b *body) *spare {
	s := &spare{body: b, silent: b.parent, lost: make(chan struct{}), done: make(chan struct{})}
	return s
}

// arm starts the clock.
func (s *spare) arm(d time.Duration) {
	if s.timer != nil {
		s.timer.Reset(d)
		return
	}
	s.ctx, s.cancel = context.WithCancel(s.body.ctx)
	s.timer = time.AfterFunc(d, s.run)
}

// disarm stops the clock; false says that the search has begun.
func (s *spare) disarm() bool { return s.timer.Stop() }

func (s *spare) run() {
	defer close(s.done)
	s.body.f.log.Debug("parent is silent", "peer", s.silent.Node, "digest", s.body.want.digest, "offset", s.body.want.offset)
	if s.silent.Partial && s.waits() {
		return
	}
	limit := s.body.stallLimit(s.silent.candidate)
	end := time.Now().Add(limit)
	if s.search(limit); s.next != nil {
		s.silent.cancel(errStalled)
		return
	}
	if s.silent.Partial && s.waits() { // it may just have been slow to say that it lives
		return
	}
	s.wait(time.Until(end))
}

func (s *spare) search(limit time.Duration) {
	next, err := s.body.f.race(s.ctx, s.body.queue, s.body.next(), limit)
	if err == nil {
		s.next = next
	}
}

// wait gives the silent parent more time, as there is nobody else.
func (s *spare) wait(d time.Duration) {
	limit := time.NewTimer(d)
	defer limit.Stop()
	select {
	case <-limit.C:
		s.silent.cancel(errStalled)
	case <-s.lost:
	case <-s.ctx.Done():
	}
}

// discard ends the search. A parent that it has found is a candidate again.
func (s *spare) discard() {
	s.cancel()
	<-s.done
	if s.next != nil {
		s.next.close()
		s.body.queue.putFirst(s.next.candidate)
	}
}

// result waits for the search to end, and returns what it found.
func (s *spare) result() *parent {
	close(s.lost)
	<-s.done
	return s.next
}
