package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
	"golang.org/x/time/rate"

	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/seeder/yield"
	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxError = 500     // bytes of an error that the tracker is told
	minRate  = 1 << 18 // bytes per second; less is taken for a standstill somewhere on the way
	burst    = 64 << 10
)

var (
	errLate = errors.New("its time is over")
	errRoom = errors.New("disk: there is no room for it")
)

// task is one attempt to get one image. All of it but ID, Attempt and cancel is
// guarded by the Worker's mutex.
type task struct {
	trackerapi.Task
	cancel context.CancelCauseFunc
	state  trackerapi.TaskState
	blobs  map[digest.Digest]int // where in state.Layers

	// keys are the image and its blobs, as the Road knows them. Once somebody
	// who waits wants one of them, the task is hurried: it gives way to nobody,
	// and its own limit is lifted.
	keys    []string
	hurried bool
}

func newTask(t trackerapi.Task) *task {
	return &task{
		Task:  t,
		state: trackerapi.TaskState{ID: t.ID, Attempt: t.Attempt, Phase: trackerapi.TaskWaiting},
		blobs: map[digest.Digest]int{},
		keys:  []string{t.Image},
	}
}

// do does a task from its turn to its end.
func (w *Worker) do(ctx context.Context, t *task) {
	if t.LeftMS > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, time.Duration(t.LeftMS)*time.Millisecond, errLate)
		defer cancel()
	}
	err := w.turn(ctx, t)
	if err == nil {
		err = w.pull(ctx, t)
		<-w.slots
	}
	w.over(t, outcome(ctx, err), err)
}

// turn waits for a slot, and then for room on the disk.
func (w *Worker) turn(ctx context.Context, t *task) error {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for w.full(0) {
		w.note(t, trackerapi.TaskWaiting, errRoom)
		pause(ctx, roomInterval)
		if ctx.Err() != nil {
			<-w.slots
			return context.Cause(ctx)
		}
	}
	w.note(t, trackerapi.TaskPulling, nil)
	return nil
}

// full tells whether so many bytes more would leave too little room. A disk that
// can't be asked is not full.
func (w *Worker) full(more int64) bool {
	room, err := w.cfg.Room()
	return err == nil && float64(room.Free-more) < w.cfg.MinFree*float64(room.Total)
}

func (w *Worker) pull(ctx context.Context, t *task) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err := w.puller.Pull(ctx, w.request(t), func(e puller.Event) {
		if !w.heard(t, e) {
			stop(errRoom)
		}
	})
	if errors.Is(context.Cause(ctx), errRoom) {
		return errRoom
	}
	if err != nil {
		return err
	}
	if t.Unpack {
		if err := w.store.Unpack(ctx, t.Image); err != nil {
			return fmt.Errorf("unpack: %w", err)
		}
	}
	return w.pin(ctx, t)
}

func (w *Worker) request(t *task) puller.Request {
	r := puller.Request{
		Image: t.Image, Digest: t.Digest, Platforms: t.Platforms,
		Header: yield.Mark(),
	}
	if a := t.Auth; a != nil {
		r.Login = &puller.Login{Username: a.Username, Secret: a.Password}
		if a.Token != "" {
			r.Login = &puller.Login{Secret: a.Token}
		}
	}
	var own *rate.Limiter
	if t.Rate > 0 {
		own = rate.NewLimiter(rate.Limit(max(t.Rate, minRate)), burst)
	}
	r.Pace = func(ctx context.Context, bytes int) error {
		if w.hurried(t) {
			return nil
		}
		return w.road.Pace(ctx, own, bytes)
	}
	return r
}

// hurried tells whether somebody waits for what the task gets: a neighbour, or this
// node's containerd, which leaves a layer to the one who is writing it.
func (w *Worker) hurried(t *task) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !t.hurried && w.road.Wanted(t.keys...) {
		t.hurried = true
		w.road.Want(t.keys[1:]...)
		w.log.Info("work task is waited for", "task", t.ID, "image", t.Image)
	}
	return t.hurried
}

// pin pins what has come, for those who want it now.
func (w *Worker) pin(ctx context.Context, t *task) error {
	w.mu.Lock()
	owners := slices.Clone(t.Owners)
	w.mu.Unlock()
	if len(owners) == 0 {
		return nil
	}
	return w.store.Pin(ctx, t.Image, owners)
}

// heard takes in an event of the pull. It is false when there is no room for the
// rest.
func (w *Worker) heard(t *task, e puller.Event) bool {
	w.mu.Lock()
	if e.Digest != "" {
		t.state.Digest = e.Digest
	}
	grown := e.Blob != nil && t.blob(e.Blob)
	if e.Blob != nil && t.hurried {
		w.road.Want(string(e.Blob.Digest))
	}
	rest := t.state.Size - t.state.Offset
	w.mu.Unlock()
	return !grown || !w.full(rest)
}

func (w *Worker) over(t *task, p trackerapi.Phase, err error) {
	w.note(t, p, err)
	w.metrics.tasks.WithLabelValues(string(p)).Inc()
	if p == trackerapi.TaskFailed {
		w.log.Warn("work task failed", "task", t.ID, "image", t.Image, "attempt", t.Attempt, "error", err)
		return
	}
	w.log.Info("work task "+string(p), "task", t.ID, "image", t.Image, "attempt", t.Attempt)
}
