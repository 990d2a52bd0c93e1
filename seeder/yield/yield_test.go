package yield

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
)

func request(marked bool) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if marked {
		r.Header = Mark()
	}
	return r
}

func TestBackgroundWorkTricklesWhileOthersAreServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		road := New()
		took := func() time.Duration {
			begin := time.Now()
			if err := road.Pace(t.Context(), nil, 4*Trickle); err != nil {
				t.Fatal(err)
			}
			return time.Since(begin)
		}
		if d := took(); d > 0 {
			t.Errorf("alone it took %v", d)
		}
		hold := make(chan struct{})
		go road.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-hold })).ServeHTTP(httptest.NewRecorder(), request(false))
		synctest.Wait()
		if d := took(); d < 3*time.Second || d > 5*time.Second {
			t.Errorf("beside another it took %v", d)
		}
		close(hold)
		synctest.Wait()
		if !road.InUse() {
			t.Error("it is free at once; another layer is about to be asked for")
		}
		<-time.After(linger)
		if d := took(); d > 0 {
			t.Errorf("after the other it took %v", d)
		}
	})
}

func TestBackgroundWorkDoesNotHinderItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		road := New()
		road.Before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if !Unhurried(r.Context()) {
				t.Error("the mark is not on the context")
			}
			if road.InUse() {
				t.Error("background work counts as use")
			}
		})).ServeHTTP(httptest.NewRecorder(), request(true))
	})
}

func TestATasksOwnLimitHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		road, begin := New(), time.Now()
		if err := road.Pace(t.Context(), rate.NewLimiter(1<<20, burst), 8<<20); err != nil {
			t.Fatal(err)
		}
		if d := time.Since(begin); d < 7*time.Second || d > 9*time.Second {
			t.Errorf("8 MiB at 1 MiB/s took %v", d)
		}
	})
}

func TestAPausedTaskEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		road := New()
		road.begin()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := road.Pace(ctx, nil, 100*Trickle); err == nil {
			t.Error("it went on")
		}
	})
}

func TestTheMarkGoesOnToNeighbours(t *testing.T) {
	got := make(chan string, 2)
	neighbour := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r.Header.Get(Header) }))
	defer neighbour.Close()
	client := &http.Client{Transport: Via(http.DefaultTransport)}
	mirror := New().Before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		out, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, neighbour.URL, nil)
		res, err := client.Do(out)
		if err != nil {
			t.Error(err)
			return
		}
		_ = res.Body.Close()
	}))
	for _, marked := range []bool{true, false} {
		mirror.ServeHTTP(httptest.NewRecorder(), request(marked))
		if is := <-got != ""; is != marked {
			t.Errorf("marked: %v; passed on: %v", marked, is)
		}
	}
}
