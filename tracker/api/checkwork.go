package api

import (
	"slices"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxOwners    = 256     // of one pin
	maxTaskError = 4 << 10 // bytes
)

func checkWork(m *trackerapi.WorkRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	for what, n := range map[string]int{"tasks": len(m.Tasks), "pins": len(m.Pins), "descriptions": len(m.Described)} {
		if n > trackerapi.MaxTasks {
			return tooLarge("%d %s; at most %d are allowed", n, what, trackerapi.MaxTasks)
		}
	}
	if min(m.Room.Total, m.Room.Free) < 0 {
		return invalid("room can't be negative")
	}
	return firstError(
		checkEach(m.Tasks, checkTask), checkEach(m.Pins, checkPin), checkEach(m.Described, checkDescription))
}

func checkEach[T any](all []T, check func(*T) error) error {
	for i := range all {
		if err := check(&all[i]); err != nil {
			return err
		}
	}
	return nil
}

func firstError(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

var phases = []trackerapi.Phase{
	trackerapi.TaskWaiting, trackerapi.TaskPulling, trackerapi.TaskDone, trackerapi.TaskFailed, trackerapi.TaskCancelled,
}

func checkTask(t *trackerapi.TaskState) error {
	if err := checkName("task", t.ID); err != nil {
		return err
	}
	switch {
	case !slices.Contains(phases, t.Phase):
		return invalid("phase %.32q of a task: want one of %v", t.Phase, phases)
	case len(t.Error) > maxTaskError:
		return tooLarge("the error of task %q has more than %d bytes", t.ID, maxTaskError)
	case len(t.Layers) > trackerapi.MaxParts:
		return tooLarge("task %q has %d layers; at most %d are allowed", t.ID, len(t.Layers), trackerapi.MaxParts)
	case min(int64(t.Attempt), t.Offset, t.Size) < 0:
		return invalid("attempt, offset and size of a task can't be negative")
	}
	return firstError(checkAnyDigest(t.Digest), checkEach(t.Layers, func(l *trackerapi.LayerState) error {
		if min(l.Offset, l.Size) < 0 {
			return invalid("offset and size of a layer can't be negative")
		}
		return checkDigest(l.Digest)
	}))
}

// checkAnyDigest is for one that may be missing.
func checkAnyDigest(d digest.Digest) error {
	if d == "" {
		return nil
	}
	return checkDigest(d)
}

func checkPin(p *trackerapi.Pin) error {
	if len(p.Owners) > maxOwners {
		return tooLarge("%d owners of a pin; at most %d are allowed", len(p.Owners), maxOwners)
	}
	for _, o := range p.Owners {
		if err := checkName("owner", o); err != nil {
			return err
		}
	}
	return firstError(checkImageName(p.Image), checkDigest(p.Digest))
}

func checkDescription(d *trackerapi.Description) error {
	if len(d.Parts) > trackerapi.MaxParts {
		return tooLarge("%d parts of an image; at most %d are allowed", len(d.Parts), trackerapi.MaxParts)
	}
	if len(d.Platforms) > trackerapi.MaxLabels {
		return tooLarge("%d platforms of an image; at most %d are allowed", len(d.Platforms), trackerapi.MaxLabels)
	}
	for _, p := range d.Platforms {
		if err := checkName("platform", p); err != nil {
			return err
		}
	}
	return firstError(checkImageName(d.Image), checkDigest(d.Digest), checkEach(d.Parts, func(p *trackerapi.Part) error {
		if p.Size < 0 {
			return invalid("the size of a part can't be negative")
		}
		return checkDigest(p.Digest)
	}))
}
