package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) write(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// slow is a task that takes a while to stop.
func (d *diary) slow(name string, takes time.Duration) task {
	return func(ctx context.Context) error {
		<-ctx.Done()
		time.Sleep(takes) //nolint:forbidigo // the bubble's clock
		d.write(name)
		return nil
	}
}

func TestStagesStopInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		err := inStages(ctx,
			[]task{d.slow("a", 3*time.Second), d.slow("b", time.Second)},
			[]task{d.slow("c", 0)},
			[]task{d.slow("d", 0)},
		)
		if want := []string{"b", "a", "c", "d"}; err != nil || !slices.Equal(d.lines, want) {
			t.Fatalf("stopped in the order %v, %v; want %v", d.lines, err, want)
		}
	})
}

func TestStagesStopWhenOneTaskFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		broken := errors.New("broken")
		err := inStages(t.Context(),
			[]task{d.slow("a", time.Second)},
			[]task{func(context.Context) error { return broken }, d.slow("b", 0)},
		)
		if want := []string{"a", "b"}; !errors.Is(err, broken) || !slices.Equal(d.lines, want) {
			t.Fatalf("stopped in the order %v with %v; want %v with %v", d.lines, err, want, broken)
		}
	})
}

func TestStagesReturnTheFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := errors.New("first")
		err := inStages(t.Context(),
			[]task{func(context.Context) error { return first }},
			[]task{func(ctx context.Context) error { <-ctx.Done(); return errors.New("second") }},
		)
		if !errors.Is(err, first) {
			t.Fatalf("got %v; want %v", err, first)
		}
	})
}
