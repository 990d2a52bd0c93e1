package worker

import (
	"context"
	"errors"
	"slices"

	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/shared/trackerapi"
)

// told is the state for somebody else, who may keep it.
func (t *task) told() trackerapi.TaskState {
	s := t.state
	s.Layers = slices.Clone(s.Layers)
	return s
}

func outcome(ctx context.Context, err error) trackerapi.Phase {
	cause := context.Cause(ctx)
	switch {
	case err == nil:
		return trackerapi.TaskDone
	case errors.Is(cause, errWithdrawn), errors.Is(cause, context.Canceled):
		return trackerapi.TaskCancelled
	}
	return trackerapi.TaskFailed
}

func (w *Worker) note(t *task, p trackerapi.Phase, why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changed := t.state.Phase != p
	t.state.Phase, t.state.Error = p, ""
	if why != nil {
		t.state.Error = short(why.Error())
	}
	if changed {
		w.tell()
	}
}

func short(text string) string {
	if len(text) > maxError {
		text = text[:maxError] + "…"
	}
	return text
}

// blob takes in the state of a blob, and tells whether there is more to get than
// was known.
func (t *task) blob(b *puller.Blob) (grown bool) {
	i, known := t.blobs[b.Digest]
	if !known {
		i = len(t.state.Layers)
		t.blobs[b.Digest] = i
		t.keys = append(t.keys, string(b.Digest))
		t.state.Layers = append(t.state.Layers, trackerapi.LayerState{Digest: b.Digest, Size: b.Size})
		t.state.Size += b.Size
	}
	l := &t.state.Layers[i]
	t.state.Offset += b.Offset - l.Offset
	l.Offset = b.Offset
	return !known
}
