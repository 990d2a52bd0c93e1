package worker

import (
	"context"
	"time"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// talk sends one message, and does what the answer says.
func (w *Worker) talk(ctx context.Context, boss Tracker) (again time.Duration, err error) {
	pins, err := w.store.Pins(ctx)
	if err != nil {
		return 0, err // without them it would look as if they were gone
	}
	m := w.report(ctx, pins)
	call, cancel := context.WithTimeout(ctx, talkTimeout)
	defer cancel()
	answer, err := boss.Work(call, m)
	if err != nil {
		return 0, err
	}
	w.log.Debug("work", "tasks", len(answer.Tasks), "pins", len(answer.Pins), "settled", answer.Settled)
	w.follow(ctx, answer.Tasks)
	w.keep(ctx, pins, answer)
	w.last = trackerapi.WorkResponse{Pins: answer.Pins}
	w.describe = answer.Describe
	again = time.Duration(answer.AgainMS) * time.Millisecond
	if len(w.describe) > 0 {
		again = newsInterval
	}
	return again, nil
}

// report is what the tracker is told.
func (w *Worker) report(ctx context.Context, pins []store.Pin) trackerapi.WorkRequest {
	m := trackerapi.WorkRequest{
		Sender: w.cfg.Node, Tasks: withoutMany(w.States()), Pins: told(complete(pins)), Described: w.described(ctx),
	}
	w.mu.Lock()
	w.pinned = m.Pins
	w.mu.Unlock()
	room, err := w.cfg.Room()
	if err != nil {
		w.log.Debug("room is not known", "error", err)
	}
	m.Room = room
	return m
}

// tell has the tracker told soon.
func (w *Worker) tell() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// check pins again what has lost its label since the last answer. CRI puts its own
// labels in place of ours when the kubelet pulls a pinned image, and would collect
// it then.
func (w *Worker) check(ctx context.Context) {
	if len(w.last.Pins) == 0 {
		return
	}
	if pins, err := w.store.Pins(ctx); err == nil {
		w.keep(ctx, pins, w.last)
	}
}
