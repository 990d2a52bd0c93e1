package fetcher

import (
	"context"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// joins lets requests for the same bytes share a question that is under way. It
// belongs to the one who asked first; when he leaves before the answer, another
// one asks again.
type joins struct {
	mu      sync.Mutex
	running map[joinKey]*joining
}

type joinKey struct {
	digest digest.Digest
	offset int64
}

// joining is one question; its fields are set before done is closed.
type joining struct {
	done   chan struct{}
	answer trackerapi.JoinResponse
	err    error
	left   bool // who asked did not stay for the answer
}

func (j *joins) ask(ctx context.Context, k joinKey, ask func(context.Context) (trackerapi.JoinResponse, error)) (trackerapi.JoinResponse, error) {
	for {
		q, mine := j.begin(k)
		if mine {
			q.answer, q.err = ask(ctx)
			q.left = q.err != nil && ctx.Err() != nil
			j.end(k, q)
		}
		select {
		case <-q.done:
		case <-ctx.Done():
			return trackerapi.JoinResponse{}, fmt.Errorf("join: %w", context.Cause(ctx))
		}
		if mine || !q.left {
			return q.answer, q.err
		}
	}
}

func (j *joins) begin(k joinKey) (q *joining, mine bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if q, ok := j.running[k]; ok {
		return q, false
	}
	if j.running == nil {
		j.running = make(map[joinKey]*joining)
	}
	q = &joining{done: make(chan struct{})}
	j.running[k] = q
	return q, true
}

func (j *joins) end(k joinKey, q *joining) {
	j.mu.Lock()
	delete(j.running, k)
	j.mu.Unlock()
	close(q.done)
}
