package fetcher

import (
	"errors"
	"net/http"
	"testing"
	"time"
)

func TestCrawl(t *testing.T) {
	var c crawl
	add := func(bytes int, each time.Duration, times int) (slow bool) {
		for range times {
			c.add(bytes, each)
			slow = c.slow()
		}
		return slow
	}
	if add(10, 10*time.Millisecond, 99) {
		t.Error("it is judged too early")
	}
	if !add(10, 10*time.Millisecond, 1) {
		t.Error("1 KiB/s for a second is not slow")
	}
	if add(crawlRate/100+1, 10*time.Millisecond, 100) {
		t.Error("the rate itself is slow")
	}
	if add(1<<20, 0, 1) || add(10, 10*time.Millisecond, 99) {
		t.Error("what came before the stretch of waiting was forgotten")
	}
}

// It never falls silent for as long as a stall takes.
func TestAParentThatSendsNextToNothingIsLeft(t *testing.T) {
	data, d := blob(largeSize)
	drip := serve(t, "drip", dripping(data))
	w := newWorld(t, Config{}, drip)
	s, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w.setHandout(drip, serve(t, "good", good(data)))
	got, err := readAll(s)
	if err != nil || len(got) != len(data) || nodes(s.Sources()) != "drip good" {
		t.Fatalf("%d bytes of %d from %s, %v", len(got), len(data), nodes(s.Sources()), err)
	}
	w.wantReports("drip stall")
}

// Nobody else has it. The body ends, so that its reader can go to the origin; what
// he asks for then is not left to that parent again.
func TestABodyEndsWhenItsOnlyParentGoesOnCrawling(t *testing.T) {
	t.Parallel()
	data, d := blob(largeSize)
	w := newWorld(t, Config{}, serve(t, "drip", dripping(data)))
	s, err := w.Fetch(t.Context(), Request{Digest: d, Length: ToEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := readAll(s)
	if !errors.Is(err, ErrBroken) || len(got) == 0 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	_, err = w.Fetch(t.Context(), Request{Digest: d, Offset: int64(len(got)), Length: ToEnd})
	if !errors.Is(err, ErrNoSource) {
		t.Errorf("the rest: %v", err)
	}
}

// dripping sends a thousand bytes, and then 1 KiB/s.
func dripping(data []byte) http.HandlerFunc {
	return stopping(data, 1000, func(rw http.ResponseWriter, r *http.Request) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for at := 1000; at < len(data); at += 10 {
			if _, err := rw.Write(data[at : at+10]); err != nil {
				return
			}
			_ = http.NewResponseController(rw).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	})
}
