package fetcher

import (
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"
)

// A node that meets a few dead peers asks others, again and again, for each of
// its pulls. What all pulls together may ask beyond their first try is more than
// any of that takes; it stops short only of a node that multiplies the load of
// peers which are drowning, or of a network that is broken as a whole.
const (
	retryRate  = 50  // tries per second, beyond the first of each race
	retryBurst = 500 // after a quiet time
)

// budget bounds second tries and hedges, over all pulls.
type budget struct {
	limit  *rate.Limiter
	denied prometheus.Counter
}

func newBudget(denied prometheus.Counter) *budget {
	return &budget{limit: rate.NewLimiter(retryRate, retryBurst), denied: denied}
}

// allows spends one try. Where there is none left, the pull makes do with those
// that it has asked already, and goes to the origin when they fail.
func (b *budget) allows() bool {
	if b.limit.Allow() {
		return true
	}
	b.denied.Inc()
	return false
}
