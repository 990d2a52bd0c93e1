package fetcher

import (
	"context"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// A tracker says that there may be a better parent, and there is.
func TestAStreamMovesToABetterParent(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{}, data, []int{slow, 10 * slow}, func(l *lab) {
		old, better := partial(holder("a", "a:1")), partial(holder("b", "b:1"))
		l.joinFn = answering(parents(old), parents(better, old))
		time.AfterFunc(2*time.Second, func() { l.Rejoin([]digest.Digest{digest.FromString("other"), d}) })
		took, from := l.took(d, data, 0)
		if took > 6*time.Second || from["a"] < slow || from["a"] > 3*slow {
			t.Errorf("it took %s: %v", took, from)
		}
		l.wantReports("")
		asked := l.joined()
		if len(asked) != 2 {
			t.Fatalf("asked %+v", asked)
		}
		if m := asked[1]; !m.Hurry || m.Offset < slow || m.Offset > 3*slow || m.Size != hugeSize || len(m.Avoid) > 0 {
			t.Errorf("asked %+v", m)
		}
	})
}

// Where the better parent is of no use after all, the old one sends on as if
// nothing had been asked.
func TestAStreamStaysWhereNothingIsBetter(t *testing.T) {
	data, d := blob(hugeSize)
	old, other := partial(holder("a", "a:1")), partial(holder("b", "b:1"))
	for name, c := range map[string]struct {
		answer trackerapi.JoinResponse
		fault  func(*labAnswer)
		report string
	}{
		"the same":     {answer: parents(old, other)},
		"nobody":       {answer: trackerapi.JoinResponse{}},
		"a lease":      {answer: trackerapi.JoinResponse{Lease: true}},
		"it refuses":   {parents(other), func(a *labAnswer) { a.refused = true }, "b refused"},
		"it misses":    {parents(other), func(a *labAnswer) { a.status = 404 }, "b miss"},
		"it is silent": {parents(other), func(a *labAnswer) { a.mute = true }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{}, data, []int{4 * slow, 4 * slow}, func(l *lab) {
				l.joinFn = answering(parents(old), c.answer)
				l.peers["b"].fault = c.fault
				time.AfterFunc(2*time.Second, func() { l.Rejoin([]digest.Digest{d}) })
				took, from := l.took(d, data, 0)
				if alone := hugeSize * time.Second / (4 * slow); from["a"] != hugeSize || took > alone+2*moveWait {
					t.Errorf("it took %s, alone %s; %v", took, alone, from)
				}
				if c.report != "" {
					l.wantReports(c.report)
				}
			})
		})
	}
}

// Each tracker may say so, at each heartbeat.
func TestAStreamIsNotAskedAboutAllTheTime(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{}, data, []int{slow}, func(l *lab) {
		l.joinFn = answering(parents(partial(holder("a", "a:1"))))
		s, err := l.Fetch(context.Background(), Request{Digest: d, Length: ToEnd})
		if err != nil {
			t.Fatal(err)
		}
		for range 30 {
			l.Rejoin([]digest.Digest{d})
			pass(100 * time.Millisecond)
		}
		_ = s.Close()
		l.Rejoin([]digest.Digest{d})
		if n := len(l.joined()); n < 3 || n > 5 {
			t.Errorf("asked %d times", n)
		}
	})
}
