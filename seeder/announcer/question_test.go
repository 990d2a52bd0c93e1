package announcer

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// One of three is frozen: whoever it would have answered asks the next after half of
// LookupTimeout, and nobody asks it any more after the second time.
func TestAFrozenTrackerOfThreeCostsALookupsTimeAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := digests(0, 1)[0]
		b, hosts, _ := selfNaming(t, 3, d)
		defer b.stop()
		b.net.set(hosts[0], http.HandlerFunc(never))
		for i := range 2 * tolerated {
			by, took, err := joinFor(t, b.Announcer, d)
			if by != "2" || err != nil {
				t.Fatalf("%q, %v", by, err)
			}
			want := 25 * time.Millisecond
			if i >= tolerated {
				want = 0
			}
			wantTook(t, "the answer", took, want)
		}
	})
}

// When nobody answers in time, those who never do are not blamed for it: it may be
// this machine.
func TestWhoIsOvertakenLateHasNotFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := digests(0, 1)[0]
		b, hosts, trackers := selfNaming(t, 2, d)
		defer b.stop()
		b.net.set(hosts[0], onVerb(trackers[0], "join", never))
		b.net.set(hosts[1], after(100*time.Millisecond, trackers[1]))
		if by, took, err := joinFor(t, b.Announcer, d); by != "2" || err != nil {
			t.Errorf("%q, %v after %s", by, err, took)
		}
		if f := b.breakerOf(hosts[0]).failures; f != 0 {
			t.Errorf("%d failures", f)
		}
	})
}

func TestAFirstQuestionGoesOnWhileTheNextIsAsked(t *testing.T) {
	for name, c := range map[string]struct {
		first, second http.HandlerFunc // nil: answers
		by            string
		took          time.Duration
	}{
		"the second is silent":         {nil, never, "1", 300 * time.Millisecond},
		"the second fails":             {nil, func(w http.ResponseWriter, _ *http.Request) { refuse(w, errors.New("oh")) }, "1", 300 * time.Millisecond},
		"the second answers":           {nil, nil, "2", 25 * time.Millisecond},
		"the first fails in the end":   {failing(300 * time.Millisecond), never, "", halfASecond},
		"the first fails, not at once": {failing(10 * time.Millisecond), nil, "2", 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := digests(0, 1)[0]
				b, hosts, trackers := selfNaming(t, 2, d)
				defer b.stop()
				b.net.set(hosts[0], after(300*time.Millisecond, trackers[0]))
				if c.first != nil {
					b.net.set(hosts[0], onVerb(trackers[0], "join", c.first))
				}
				if c.second != nil {
					b.net.set(hosts[1], onVerb(trackers[1], "join", c.second))
				}
				by, took, err := joinFor(t, b.Announcer, d)
				if by != c.by || (err == nil) != (c.by != "") {
					t.Errorf("%q, %v", by, err)
				}
				wantTook(t, "it", took, c.took)
			})
		})
	}
}

func failing(after time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		pause(req.Context(), after)
		refuse(w, errors.New("oh"))
	}
}

// Both trackers may have given a lease: the digest's own has the last word.
func TestOfTwoAnswersTheOwnTrackersCounts(t *testing.T) {
	own, next := &tracker{base: "own"}, &tracker{base: "next"}
	q := question{
		a: New(Config{}, newStock(), discard, nil), caller: t.Context(), order: []*tracker{own, next},
		open: []int{0, 1}, got: make(chan reply, 2), inTime: time.Now().Add(time.Hour),
	}
	q.got <- reply{n: 0, resp: trackerapi.JoinResponse{Lease: true}}
	if r := q.settle(reply{n: 1}); r.n != 0 || !r.resp.Lease {
		t.Errorf("got %+v", r)
	}
	if own.breaker.failures != 0 {
		t.Error("who has answered has failed")
	}
}

// When a join is over, nothing of it goes on.
func TestNoQuestionOutlivesItsAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, hosts, trackers := selfNaming(t, 3, digests(0, 1)[0])
		defer b.stop()
		var running atomic.Int64
		for i, host := range hosts[:2] {
			b.net.set(host, onVerb(trackers[i], "join", func(w http.ResponseWriter, req *http.Request) {
				running.Add(1)
				defer running.Add(-1)
				never(w, req)
			}))
		}
		if by, _, err := joinFor(t, b.Announcer, digests(0, 1)[0]); by != "3" || err != nil {
			t.Errorf("%q, %v", by, err)
		}
		if n := running.Load(); n != 0 {
			t.Errorf("%d trackers are still asked", n)
		}
	})
}
