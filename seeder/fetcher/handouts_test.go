package fetcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

// oracle answers lookups with what it is told, after a while.
type oracle struct {
	mu      sync.Mutex
	takes   time.Duration
	handout trackerapi.Handout
	err     error
	batches [][]digest.Digest
}

func (o *oracle) Lookup(ctx context.Context, ds []digest.Digest) ([]trackerapi.Handout, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.batches = append(o.batches, ds)
	select {
	case <-time.After(o.takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	all := make([]trackerapi.Handout, len(ds))
	for i := range all {
		all[i] = o.handout
	}
	return all, o.err
}

func (o *oracle) Join(context.Context, trackerapi.JoinRequest, time.Duration) (trackerapi.JoinResponse, error) {
	return trackerapi.JoinResponse{}, errors.New("no joins here")
}

func (o *oracle) Report(trackerapi.Report) {}

func newOracle(t *testing.T, o *oracle) *handouts {
	f := New(Config{}, o, o, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	t.Cleanup(f.stop)
	return f.handouts
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

var somebody = trackerapi.Handout{{Node: "a", Epoch: 1, Addr: "10.0.0.1:1"}}

func TestAPrefetchIsOneBatchAndSparesTheLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{handout: somebody, takes: 10 * ms}
		h := newOracle(t, o)
		var ds []digest.Digest
		for i := range 20 {
			ds = append(ds, digest.FromString(fmt.Sprint(i)))
		}
		h.ask(ds)
		began := time.Now()
		for _, d := range ds { // the first one waits for the answer under way
			if got, _, err := h.get(t.Context(), d); err != nil || len(got) != 1 {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took != 10*ms || len(o.batches) != 1 {
			t.Errorf("%d lookups in %s", len(o.batches), took)
		}
	})
}

func TestHowLongAnAnswerIsRemembered(t *testing.T) {
	for name, c := range map[string]struct {
		handout trackerapi.Handout
		err     error
		memory  time.Duration
	}{
		"holders":    {somebody, nil, positiveMemory},
		"nobody":     {trackerapi.Handout{}, nil, negativeMemory},
		"unanswered": {nil, nil, 0},
		"an error":   {nil, errors.New("no tracker"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := &oracle{handout: c.handout, err: c.err}
				h := newOracle(t, o)
				get := func() {
					_, _, err := h.get(t.Context(), "sha256:x")
					if (err == nil) != (c.memory > 0) {
						t.Fatalf("got %v", err)
					}
				}
				get()
				lookups := 1
				if c.memory > 0 {
					pass(c.memory - ms)
					get()
					if len(o.batches) != lookups {
						t.Error("it was forgotten too soon")
					}
					pass(ms)
				}
				get()
				if len(o.batches) != lookups+1 {
					t.Error("it was remembered too long")
				}
			})
		})
	}
}

func TestAWaiterThatGoesAwaySpoilsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newOracle(t, &oracle{handout: somebody, takes: 10 * ms})
		ctx, cancel := context.WithTimeout(t.Context(), 5*ms)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, _, err := h.get(ctx, "sha256:x"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
		})
		wg.Go(func() {
			if _, _, err := h.get(t.Context(), "sha256:x"); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
	})
}

func TestALookupThatHangsIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newOracle(t, &oracle{takes: time.Hour})
		began := time.Now()
		if _, _, err := h.get(t.Context(), "sha256:x"); err == nil || time.Since(began) != h.timeout {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
}

func TestOnlyHandoutsAreDistrusted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{handout: somebody}
		h := newOracle(t, o)
		for range 3 {
			_, _, _ = h.get(t.Context(), "sha256:x")
			h.distrust("sha256:x")
		}
		if len(o.batches) != 3 {
			t.Errorf("%d lookups; a handout was kept", len(o.batches))
		}
		o.handout = trackerapi.Handout{}
		for range 3 {
			_, _, _ = h.get(t.Context(), "sha256:y")
			h.distrust("sha256:y")
		}
		if len(o.batches) != 4 {
			t.Errorf("%d lookups; it was forgotten that nobody has it", len(o.batches))
		}
	})
}

func TestTooManyLookupsAtOnceAreRefusedNotQueued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{takes: 10 * ms}
		h := newOracle(t, o)
		for i := range maxLookups {
			h.ask([]digest.Digest{digest.FromString(fmt.Sprint(i))})
		}
		if _, _, err := h.get(t.Context(), "sha256:x"); !errors.Is(err, errUnanswered) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnswersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newOracle(t, &oracle{handout: somebody})
		for i := range 3 * maxAnswers / 1000 {
			var ds []digest.Digest
			for j := range 1000 {
				ds = append(ds, digest.FromString(fmt.Sprint(i, j)))
			}
			h.ask(ds)
			synctest.Wait()
		}
		if len(h.answers) > maxAnswers {
			t.Errorf("%d answers", len(h.answers))
		}
	})
}
