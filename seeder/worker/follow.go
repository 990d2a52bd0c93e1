package worker

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/drayproject/dray/shared/trackerapi"
)

// errWithdrawn ends a task that the tracker wants no more.
var errWithdrawn = errors.New("the task was withdrawn")

// follow makes the tasks be those that are wanted. Each attempt of each is begun
// once: one that is over stays as it is until it is wanted no more.
func (w *Worker) follow(ctx context.Context, wanted []trackerapi.Task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	keep := map[string]bool{}
	for _, t := range wanted[:min(len(wanted), trackerapi.MaxTasks)] {
		keep[t.ID] = true
		have := w.tasks[t.ID]
		if have != nil && have.Attempt >= t.Attempt {
			have.Owners = t.Owners
			continue
		}
		if have != nil {
			have.cancel(errWithdrawn)
		}
		w.begin(ctx, t)
	}
	for id, t := range w.tasks {
		if !keep[id] {
			t.cancel(errWithdrawn)
			delete(w.tasks, id)
		}
	}
}

// begin is called with mu held.
func (w *Worker) begin(ctx context.Context, wanted trackerapi.Task) {
	t := newTask(wanted)
	ctx, t.cancel = context.WithCancelCause(ctx)
	w.tasks[t.ID] = t
	w.running.Go(func() {
		defer t.cancel(nil)
		w.do(ctx, t)
	})
}

// States is how far each task is, by ID.
func (w *Worker) States() []trackerapi.TaskState {
	tasks := w.Tasks()
	all := make([]trackerapi.TaskState, 0, len(tasks))
	for _, t := range tasks {
		all = append(all, t.State)
	}
	slices.SortFunc(all, func(a, b trackerapi.TaskState) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Told is a task, as people see it.
type Told struct {
	Image string
	State trackerapi.TaskState
}

// Tasks is the same with the names of the images, for people.
func (w *Worker) Tasks() []Told {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := make([]Told, 0, len(w.tasks))
	for _, t := range w.tasks {
		all = append(all, Told{t.Image, t.told()})
	}
	slices.SortFunc(all, func(a, b Told) int { return cmp.Compare(a.Image, b.Image) })
	return all
}

// Pins are the images that were pinned when the worker last looked.
func (w *Worker) Pins() []trackerapi.Pin {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.pinned)
}

// count is how many tasks are in a phase.
func (w *Worker) count(p trackerapi.Phase) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.tasks {
		if t.state.Phase == p {
			n++
		}
	}
	return n
}
