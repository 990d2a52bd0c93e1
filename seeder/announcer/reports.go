package announcer

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxQueued     = 256
	reportPause   = 20 * time.Millisecond // reports within this time of another go out together
	reportTimeout = time.Second
)

// reportQueue holds what a tracker is to be told about peers. It is bounded:
// the latest reports are worth most, so the oldest go first.
type reportQueue struct {
	dropped prometheus.Counter
	some    chan struct{} // holds one when the queue is not empty

	mu     sync.Mutex
	queued []trackerapi.Report
}

func newReportQueue(dropped prometheus.Counter) *reportQueue {
	return &reportQueue{dropped: dropped, some: make(chan struct{}, 1)}
}

func (q *reportQueue) put(r trackerapi.Report) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queued) == maxQueued {
		q.queued = q.queued[1:]
		q.dropped.Inc()
	}
	q.queued = append(q.queued, r)
	select {
	case q.some <- struct{}{}:
	default:
	}
}

func (q *reportQueue) take() []trackerapi.Report {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.queued
	q.queued = nil
	return all
}

// report queues what the tracker should know at once. One that can't be reached
// would hear old stories later: it is told nothing.
func (s *session) report(r trackerapi.Report) {
	if !s.up.Load() {
		s.metrics.reportsDropped.Inc()
		return
	}
	s.reports.put(r)
}

// reportAll sends reports: the first at once, those that come close behind it
// together.
func (s *session) reportAll(ctx context.Context) {
	for {
		select {
		case <-s.reports.some:
		case <-ctx.Done():
			return
		}
		if batch := s.reports.take(); len(batch) > 0 {
			s.sendReports(ctx, batch)
		}
		pause(ctx, reportPause)
	}
}

func (s *session) sendReports(ctx context.Context, batch []trackerapi.Report) {
	ctx, cancel := context.WithTimeout(ctx, reportTimeout)
	defer cancel()
	_, err := s.tracker.client.Report(ctx, trackerapi.ReportRequest{Sender: s.who, Reports: batch})
	if err != nil {
		s.metrics.reportsDropped.Add(float64(len(batch)))
	}
	s.log.Debug("report", "count", len(batch), "error", err)
}
