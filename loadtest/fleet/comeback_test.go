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
	program := built(t)
	for _, redis := range []string{"none", "auto"} {
		t.Run("redis "+redis, func(t *testing.T) {
			o := defaults()
			o.Tracker = program
			o.Nodes, o.Digests, o.Images, o.Redis = 2000, 60, 600, redis
			o.Only, o.Workers, o.Lookups = []string{"comeback"}, 128, 200
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

// checkComeback wants nothing that a starved machine could not give: how long
// anybody has waited is the machine's affair. That it ended is the run's.
func checkComeback(t *testing.T, r *Report) {
	t.Helper()
	for name, least := range map[string]float64{
		"comeback, nodes asked for everything before one has sent it": 1,
		"comeback, inventories under way, at most":                    0, // a quick machine has them between two looks
		"comeback, largest RSS over the RSS before":                   0.01,
	} {
		if f := r.find(name); f.Value < least || f.Value > f.Target.Bound {
			t.Errorf("%s: %v, %s", name, f.Value, f.Verdict())
		}
	}
	for _, p := range r.Phases {
		for kind, n := range p.Errors {
			if !late(kind) {
				t.Errorf("%s: %s, %d times; nobody may be refused, or cut off", p.Name, kind, n)
			}
		}
	}
	last := r.Phases[len(r.Phases)-1]
	t.Logf("%v: lookups p99 %.0f ms, errors %v", time.Duration(last.Seconds*float64(time.Second)).Round(time.Millisecond), last.p99(lookupOne), last.Errors)
}

func (r *Report) find(name string) (f Figure) {
	if i := slices.IndexFunc(r.Figures, func(f Figure) bool { return f.Name == name }); i >= 0 {
		f = r.Figures[i]
	}
	return f
}
