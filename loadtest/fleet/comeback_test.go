package fleet

import (
	"os"
	"slices"
	"testing"
	"time"
)

// Thousands of nodes come back to a tracker that knows nothing, with a Redis that
// has lost everything, and without. Nodes are few digests each: it is their number
// that counts.
func TestThousandsComeBackAtOnce(t *testing.T) {
	for _, redis := range []string{"none", "auto"} {
		t.Run("redis "+redis, func(t *testing.T) {
			o := defaults()
			o.Nodes, o.Digests, o.Images, o.Redis = 2000, 60, 600, redis
			o.Only, o.Workers, o.Lookups = []string{"comeback"}, 500, 200
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
			checkComeback(t, r)
		})
	}
}

func checkComeback(t *testing.T, r *Report) {
	t.Helper()
	for _, name := range []string{"comeback, largest RSS over the RSS before", "comeback, inventories under way, at most"} {
		if f := r.find(name); f.Value <= 0 || f.Value > f.Target.Bound {
			t.Errorf("%s: %v, %s", name, f.Value, f.Verdict())
		}
	}
	// A machine that is quick enough never has so many under way that one must hold.
	held, most := r.find("comeback, answers that had a node hold"), r.find("comeback, inventories under way, at most")
	if held.Value == 0 && most.Value >= most.Target.Bound {
		t.Error("no answer had a node hold: nothing was paced")
	}
	p := r.Phases[len(r.Phases)-1]
	for kind, n := range p.Errors {
		// A starved machine lets a few wait; nobody may be refused, or cut off.
		if patient := kind == heartbeat+": "+lateAnswer || kind == lookupOne+": "+lateAnswer; !patient || n > int(p.count())/50 {
			t.Errorf("%s, %d times", kind, n)
		}
	}
	if p.p99(lookupOne) == 0 {
		t.Error("nobody has looked anything up meanwhile")
	}
	t.Logf("%v: lookups p99 %.0f ms", time.Duration(p.Seconds*float64(time.Second)).Round(time.Millisecond), p.p99(lookupOne))
}

func (r *Report) find(name string) (f Figure) {
	if i := slices.IndexFunc(r.Figures, func(f Figure) bool { return f.Name == name }); i >= 0 {
		f = r.Figures[i]
	}
	return f
}
