package placement

import (
	"time"

	"github.com/drayproject/dray/tracker/placement"
)

// scheme is a way of placing replicas.
type scheme struct {
	name   string
	policy placement.Policy
	saves  bool          // planned leaves wait for what only that node has
	memory time.Duration // half-life of failures in the stability of a node
}

const (
	rosterMemory = 10 * time.Minute // as in the roster
	longMemory   = 14 * day
)

// schemes are those that are compared.
func schemes(factor int) []scheme {
	by := func(name string, factor int, weights map[string]float64) scheme {
		return scheme{name: name, memory: rosterMemory, policy: placement.Policy{
			Name: "all", Images: []string{"**"}, Factor: factor, Strategies: weights, Budget: placement.Budget{Parallel: 64},
		}}
	}
	weight := func(name string) map[string]float64 { return map[string]float64{name: 1} }
	best := placement.DefaultStrategies()
	noSpot := by("default, not on spot", factor, best)
	noSpot.policy.Select.Except = map[string]string{"spot": ""}
	saving := by("default, drains save", factor, best)
	saving.saves = true
	remembering := by("stable, of two weeks", factor, weight("stable"))
	remembering.memory = longMemory
	return []scheme{
		by("one copy", 1, weight("hash")),
		by("hash", factor, weight("hash")),
		by("least-loaded", factor, weight("least-loaded")),
		by("stable", factor, weight("stable")),
		remembering,
		by("spread", factor, weight("spread")),
		by("default", factor, best),
		saving,
		noSpot,
	}
}
