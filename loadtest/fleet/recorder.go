package fleet

import (
	"context"
	"errors"
	"maps"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// The verbs, as the report has them.
const (
	register    = "register"
	announce    = "announce"
	change      = "announce a change"
	heartbeat   = "heartbeat"
	lookupOne   = "lookup"
	lookupBatch = "lookup of a batch"
	report      = "report"
)

var verbs = []string{register, announce, change, heartbeat, lookupOne, lookupBatch, report}

// recorder is what was seen in one part of a run. It is safe for concurrent
// use.
type recorder struct {
	verbs map[string]*histogram // fixed

	mu     sync.Mutex
	errors map[string]int // by kind
	stale  int            // handouts whose first holder was down, but not for long
}

func newRecorder() *recorder {
	r := &recorder{verbs: map[string]*histogram{}, errors: map[string]int{}}
	for _, v := range verbs {
		r.verbs[v] = new(histogram)
	}
	return r
}

// answered notes a request that was due at that time. Whether a tracker may say
// that it does not know the node is for others to judge.
func (r *recorder) answered(verb string, due time.Time, err error) {
	if err != nil && !trackerapi.IsCode(err, trackerapi.CodeUnknownNode) {
		r.wrong(verb + ": " + kindOf(err))
		return
	}
	r.verbs[verb].add(time.Since(due))
}

// wrong counts an error.
func (r *recorder) wrong(kind string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.errors[kind]++
}

func (r *recorder) noteStale() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stale++
}

func (r *recorder) staleCount() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stale
}

// trouble is how often what went wrong.
func (r *recorder) trouble() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.errors)
}

func (r *recorder) count(verb string) uint64 { return r.verbs[verb].count.Load() }

const lateAnswer = "no answer in time"

func kindOf(err error) string {
	if e, ok := errors.AsType[*trackerapi.Error](err); ok {
		return string(e.Code)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return lateAnswer
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case hungUp(err):
		return "connection lost"
	}
	return err.Error()
}
