package kube

import (
	"context"
	"fmt"
	"io"
	"time"
)

// warming takes a taint from a node when the node has what the trackers want on
// it. The taint keeps pods away meanwhile, so nothing may make it stay for ever.
type warming struct {
	api         *API
	tracker     *admin
	node, taint string
	until       time.Time     // when the taint goes, whatever is missing
	pause       time.Duration // between two looks
	out         io.Writer     // is told each change
	told        string
}

// run returns when the taint is gone, by whomever, or ctx ends.
func (w *warming) run(ctx context.Context) {
	for w.tainted(ctx) {
		select {
		case <-time.After(w.pause):
		case <-ctx.Done():
			return
		}
	}
}

// tainted looks once, and is false when there is nothing left to do.
func (w *warming) tainted(ctx context.Context) bool {
	node, err := w.api.tainted(ctx, w.node)
	if err != nil {
		w.tell(ctx, "Kubernetes could not be asked: %v", err)
		return true
	}
	if !node.has(w.taint) {
		w.tell(ctx, "there is no taint %s", w.taint)
		return false
	}
	why := "the time is up"
	if time.Now().Before(w.until) {
		lacks, err := w.tracker.lacks(ctx, w.node)
		if err != nil {
			lacks = err.Error()
		}
		if lacks != "" {
			w.tell(ctx, "the taint %s stays: %s", w.taint, lacks)
			return true
		}
		why = "nothing is missing"
	}
	if err := w.api.untaint(ctx, w.node, node, w.taint); err != nil {
		w.tell(ctx, "the taint %s can't be taken away: %v", w.taint, err)
		return true
	}
	w.tell(ctx, "the taint %s is taken away: %s", w.taint, why)
	return false
}

// tell writes what it has not written before. What fails because ctx has ended is
// no news.
func (w *warming) tell(ctx context.Context, format string, args ...any) {
	if text := fmt.Sprintf(format, args...); text != w.told && ctx.Err() == nil {
		w.told = text
		_, _ = fmt.Fprintln(w.out, text)
	}
}
