package fleet

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestPaceKeepsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second-time.Millisecond)
		defer cancel()
		var done atomic.Int64
		repeat(ctx, 4, perSecond(50), func(context.Context, int, time.Time) { done.Add(1) })
		if done.Load() != 500 {
			t.Fatalf("%d in 10 s; want 500", done.Load())
		}
	})
}

func TestWhatIsLateCountsFromWhenItWasDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 990*time.Millisecond)
		defer cancel()
		begin := time.Now()
		repeat(ctx, 1, perSecond(10), func(_ context.Context, i int, due time.Time) {
			if want := begin.Add(time.Duration(i) * 100 * time.Millisecond); !due.Equal(want) {
				t.Errorf("number %d is due after %v; want %v", i, due.Sub(begin), want.Sub(begin))
			}
			if i == 2 {
				time.Sleep(450 * time.Millisecond) //nolint:forbidigo // the bubble's clock: a slow answer
			}
		})
	})
}

func TestEachDoesEverythingOnce(t *testing.T) {
	var sum atomic.Int64
	if err := each(t.Context(), 8, 1000, func(_ context.Context, i int) error { sum.Add(int64(i)); return nil }); err != nil || sum.Load() != 499_500 {
		t.Fatalf("got %d, %v", sum.Load(), err)
	}
}
