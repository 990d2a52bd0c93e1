package fleet

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestASmallFleetFindsNothingWrong(t *testing.T) {
	program := built(t)
	for _, redis := range []string{"none", "auto"} {
		t.Run("redis "+redis, func(t *testing.T) {
			o := defaults()
			o.Tracker = program
			o.Nodes, o.Digests, o.Images, o.Redis = 200, 50, 150, redis
			o.Duration, o.Interval, o.Outage = time.Second, 500*time.Millisecond, time.Second
			o.Lookups, o.Changes, o.Failures, o.Workers = 200, 50, 1, 8
			o.Only = []string{"rates", "mix"}
			r, err := Run(t.Context(), o, logWriter{t})
			if err != nil {
				t.Fatal(err)
			}
			if redis == "auto" && r.Redis == "none" {
				if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
					t.Fatal("redis-server is not installed (Debian package redis-server)")
				}
				t.Skip("SKIPPED: redis-server is not installed (Debian package redis-server)")
			}
			checkErrors(t, r)
			checkMix(t, r, o)
		})
	}
}

// built is a tracker program for all parts of a test.
func built(t *testing.T) (program string) {
	t.Helper()
	program, err := buildTracker(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return program
}

type logWriter struct{ t *testing.T }

func (w logWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}

// late is what a starved machine does, and no tracker's fault.
func late(kind string) bool { return strings.HasSuffix(kind, ": "+lateAnswer) }

func checkErrors(t *testing.T, r *Report) {
	t.Helper()
	for _, p := range r.Phases {
		for kind, n := range p.Errors {
			if !late(kind) {
				t.Errorf("%s: %s, %d times", p.Name, kind, n)
			}
		}
	}
}

func checkMix(t *testing.T, r *Report, o Options) {
	t.Helper()
	mix := r.Phases[len(r.Phases)-1]
	counts := map[string]float64{}
	for _, v := range mix.Verbs {
		counts[v.Name] = float64(v.Count)
	}
	seconds := o.Duration.Seconds()
	for verb, want := range map[string]float64{
		lookupOne: o.Lookups / 2 * seconds, lookupBatch: o.Lookups / 2 * seconds, change: o.Changes * seconds,
		heartbeat: float64(o.Nodes) / o.Interval.Seconds() * seconds, announce: 1,
	} {
		if got := counts[verb]; got < want/2 { // a busy machine may be slow, but not that slow
			t.Errorf("%v times %s; want %v", got, verb, want)
		}
	}
	for _, f := range r.Figures {
		if f.Value <= 0 && !mayBeNone(f) {
			t.Errorf("%s is %v", f.Name, f.Value)
		}
	}
}

// mayBeNone tells whether 0 is a good value: so few bytes are hard to find, and there
// may be no garbage yet, and nobody else who wants the CPU.
func mayBeNone(f Figure) bool {
	return f.Unit == "B" || strings.HasSuffix(f.Name, "garbage collections meanwhile") ||
		strings.HasSuffix(f.Name, "the load was held up")
}
