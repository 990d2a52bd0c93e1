package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// A scan works for a spell, and then lets the processor go for a pause: lookups
// of nodes come before questions of people.
const (
	stride = 16 // steps between two looks at the clock
	spell  = 250 * time.Microsecond
	pause  = 500 * time.Microsecond
)

// scan is a look at everything.
type scan struct {
	admin *Admin
	steps int
	since time.Time
}

// scan waits for its turn. It has to be ended.
func (a *Admin) scan(ctx context.Context) (*scan, error) {
	ctx, cancel := context.WithTimeout(ctx, exchangeTime)
	defer cancel()
	if a.scans.Acquire(ctx, 1) != nil {
		return nil, huma.NewError(http.StatusServiceUnavailable, "too many questions about everything at once")
	}
	return &scan{admin: a, since: time.Now()}, nil
}

func (s *scan) end() { s.admin.scans.Release(1) }

// step comes before each thing that is looked at. It fails when ctx ends.
func (s *scan) step(ctx context.Context) error {
	if s.steps++; s.steps%stride != 0 {
		return nil
	}
	return s.stride(ctx)
}

// stride is a step to something that takes its time.
func (s *scan) stride(ctx context.Context) error {
	if time.Since(s.since) < spell {
		return nil
	}
	rest(ctx, pause)
	s.since = time.Now()
	return ctx.Err()
}
