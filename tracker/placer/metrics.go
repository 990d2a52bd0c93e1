package placer

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/placement"
)

var (
	actingDesc  = prometheus.NewDesc("dray_tracker_placement_acting", "1 for the tracker that places content, 0 for the others. Only it has the other metrics of placement.", nil, nil)
	imagesDesc  = prometheus.NewDesc("dray_tracker_placement_images", "Images that policies want, by state: satisfied (there are as many live copies as wanted) or short.", []string{"state"}, nil)
	missingDesc = prometheus.NewDesc("dray_tracker_placement_missing_copies", "Copies that policies want and that are neither there nor on their way, by the first reason: nodes, spread, room, repair (a node may come back), budget, held, failed, or none.", []string{"reason"}, nil)
	tasksDesc   = prometheus.NewDesc("dray_tracker_placement_tasks", "Tasks of nodes that go on, by phase: given (the node has not said anything of it yet), waiting or pulling.", []string{"phase"}, nil)
	endedDesc   = prometheus.NewDesc("dray_tracker_placement_tasks_ended_total", "Tasks of nodes that came to an end, by result: done, failed or cancelled.", []string{"result"}, nil)
	movedDesc   = prometheus.NewDesc("dray_tracker_placement_bytes_total", "Bytes that nodes have got for tasks.", nil, nil)
	drainsDesc  = prometheus.NewDesc("dray_tracker_placement_drains", "Nodes that are to leave once their content is elsewhere, by state: saving or blocked.", []string{"state"}, nil)
	secondsDesc = prometheus.NewDesc("dray_tracker_placement_plan_duration_seconds", "Time that the latest plan took to make.", nil, nil)
)

// causes are the reasons that a missing copy can be counted by.
var causes = []placement.Cause{
	placement.CauseNodes, placement.CauseSpread, placement.CauseRoom, placement.CauseRepair,
	placement.CauseBudget, placement.CauseHeld, placement.CauseFailed, "none",
}

// counts are for the metrics.
type counts struct {
	bytes, done, failed, cancelled, took atomic.Int64
	latest                               atomic.Pointer[standing]
}

// standing is how it stood with a plan.
type standing struct {
	satisfied, short int
	missing          map[placement.Cause]int
	phases           map[trackerapi.Phase]int
}

func (c *counts) moved(bytes int64) {
	if bytes > 0 {
		c.bytes.Add(bytes)
	}
}

func (c *counts) planned(took time.Duration) { c.took.Store(int64(took)) }

func (c *counts) ended(p trackerapi.Phase) {
	switch p {
	case trackerapi.TaskDone:
		c.done.Add(1)
	case trackerapi.TaskFailed:
		c.failed.Add(1)
	case trackerapi.TaskCancelled:
		c.cancelled.Add(1)
	}
}

func (c *counts) standing(plan *placement.Plan, tasks map[string]*known) {
	s := &standing{missing: map[placement.Cause]int{}, phases: map[trackerapi.Phase]int{}}
	for i := range plan.Images {
		image := &plan.Images[i]
		if image.Live >= image.Wanted {
			s.satisfied++
		} else {
			s.short++
		}
		cause := placement.Cause("none")
		if len(image.Reasons) > 0 {
			cause = image.Reasons[0].Cause
		}
		s.missing[cause] += image.Missing
	}
	for _, k := range tasks {
		if !k.Over() {
			s.phases[k.State.Phase]++
		}
	}
	c.latest.Store(s)
}

// Describe implements [prometheus.Collector].
func (p *Placer) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{actingDesc, imagesDesc, missingDesc, tasksDesc, endedDesc, movedDesc, drainsDesc, secondsDesc} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (p *Placer) Collect(out chan<- prometheus.Metric) {
	p.mu.Lock()
	acts, drains := p.acts(), map[DrainState]int{}
	for _, d := range p.wanted.drains {
		drains[d.State]++
	}
	p.mu.Unlock()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	count(movedDesc, p.counts.bytes.Load())
	count(endedDesc, p.counts.done.Load(), string(trackerapi.TaskDone))
	count(endedDesc, p.counts.failed.Load(), string(trackerapi.TaskFailed))
	count(endedDesc, p.counts.cancelled.Load(), string(trackerapi.TaskCancelled))
	if !acts {
		gauge(actingDesc, 0)
		return
	}
	gauge(actingDesc, 1)
	gauge(drainsDesc, float64(drains[DrainSaving]), string(DrainSaving))
	gauge(drainsDesc, float64(drains[DrainBlocked]), string(DrainBlocked))
	s := p.counts.latest.Load()
	if s == nil {
		return
	}
	gauge(secondsDesc, time.Duration(p.counts.took.Load()).Seconds())
	gauge(imagesDesc, float64(s.satisfied), "satisfied")
	gauge(imagesDesc, float64(s.short), "short")
	for _, cause := range causes {
		gauge(missingDesc, float64(s.missing[cause]), string(cause))
	}
	gauge(tasksDesc, float64(s.phases[""]), "given")
	gauge(tasksDesc, float64(s.phases[trackerapi.TaskWaiting]), string(trackerapi.TaskWaiting))
	gauge(tasksDesc, float64(s.phases[trackerapi.TaskPulling]), string(trackerapi.TaskPulling))
}
