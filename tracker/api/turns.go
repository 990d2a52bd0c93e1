package api

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	maxTurns = 256             // nodes that are asked for their whole inventory at a time
	turnTime = 5 * time.Second // for what was asked for to have come; then it is another's turn
)

// turns paces whole inventories. After an outage every node of a fleet has to
// send its own; a tracker that asked all of them at once would be busy with
// nothing else for seconds, and hold all of it in memory. So a node is asked when
// it has a turn, and told to hold until then. Turns are not handed out in any
// order: whoever beats next after one is free has it.
type turns struct {
	mu    sync.Mutex
	since map[uint32]time.Time // by ordinal

	asked, held atomic.Int64 // answers that said so
}

// take gives a node a turn, if there is one. It keeps the one that it has.
func (t *turns) take(node uint32, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, has := t.since[node]
	if !has && len(t.since) >= maxTurns {
		t.expire(now)
	}
	if !has && len(t.since) >= maxTurns {
		t.held.Add(1)
		return false
	}
	if !has {
		t.since[node] = now
	}
	t.asked.Add(1)
	return true
}

// expire ends the turns of those who did not use them, the lock being held.
func (t *turns) expire(now time.Time) {
	maps.DeleteFunc(t.since, func(_ uint32, since time.Time) bool { return now.Sub(since) >= turnTime })
}

// end is for a node whose inventory has come.
func (t *turns) end(node uint32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.since, node)
}

// running is how many turns are taken.
func (t *turns) running(now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	return len(t.since)
}

// hold says whether a node that is to send everything has to wait.
func (a *API) hold(node uint32, walking bool) bool {
	return walking || !a.turns.take(node, time.Now())
}

var (
	turnsDesc  = prometheus.NewDesc("dray_tracker_resends_running", "Nodes that were asked for their whole inventory, which has not come yet. There are never more than 256.", nil, nil)
	resendDesc = prometheus.NewDesc("dray_tracker_resends_total", "Answers to nodes whose whole inventory is needed, by what they were told: ask (to send it now) or hold.", []string{"told"}, nil)
)

// Resends is a collector of how whole inventories are paced.
type Resends struct{ API *API }

// Describe implements [prometheus.Collector].
func (Resends) Describe(out chan<- *prometheus.Desc) {
	out <- turnsDesc
	out <- resendDesc
}

// Collect implements [prometheus.Collector].
func (r Resends) Collect(out chan<- prometheus.Metric) {
	t := &r.API.turns
	out <- prometheus.MustNewConstMetric(turnsDesc, prometheus.GaugeValue, float64(t.running(time.Now())))
	out <- prometheus.MustNewConstMetric(resendDesc, prometheus.CounterValue, float64(t.asked.Load()), "ask")
	out <- prometheus.MustNewConstMetric(resendDesc, prometheus.CounterValue, float64(t.held.Load()), "hold")
}
