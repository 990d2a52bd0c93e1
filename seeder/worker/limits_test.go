package worker

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// The largest message is one that a tracker takes.
func TestAMessageStaysWithinItsLimits(t *testing.T) {
	var states []trackerapi.TaskState
	for i := range trackerapi.MaxTasks {
		s := trackerapi.TaskState{ID: fmt.Sprintf("%016d", i), Phase: trackerapi.TaskPulling, Size: 1}
		if i%2 == 0 {
			s.Phase = trackerapi.TaskDone
		}
		for range 1000 {
			s.Layers = append(s.Layers, trackerapi.LayerState{Digest: layer, Offset: 1 << 40, Size: 1 << 40})
		}
		states = append(states, s)
	}
	states = withoutMany(states)
	under, over := 0, 0
	for _, s := range states {
		if s.Phase.Over() {
			over += len(s.Layers)
		} else {
			under += len(s.Layers)
		}
	}
	if under != maxLayers || over != 0 {
		t.Errorf("%d layers of tasks under way, %d of others; want %d and none", under, over, maxLayers)
	}
	var pins []store.Pin
	for i := range 2 * trackerapi.MaxTasks {
		pins = append(pins, store.Pin{Image: fmt.Sprintf("example.test/%04d", 1000-i), Digest: root, Owners: []string{"policy/a"}})
	}
	m := trackerapi.WorkRequest{Tasks: states, Pins: told(pins)}
	for range maxDescribed / trackerapi.MaxParts {
		d := trackerapi.Description{Digest: root}
		for range trackerapi.MaxParts {
			d.Parts = append(d.Parts, trackerapi.Part{Digest: digest.FromString("part"), Size: 1 << 40})
		}
		m.Described = append(m.Described, d)
	}
	text, err := json.Marshal(m)
	if err != nil || len(text) > trackerapi.MaxBody || len(m.Pins) != trackerapi.MaxTasks || m.Pins[0].Image != "example.test/0489" {
		t.Errorf("%d bytes, %d pins from %s on: %v", len(text), len(m.Pins), m.Pins[0].Image, err)
	}
}

// Everything that may happen at one time, for the race detector: answers that change,
// pulls that make progress, end, and are withdrawn, and people who look on.
func TestTheWorkerIsSafeForConcurrentUse(t *testing.T) {
	n := start(t, 4)
	over := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for {
			select {
			case n.finish <- nil:
			case <-over:
				return
			}
		}
	})
	group.Go(func() {
		for n.road.Want("example.test/1:1"); ; n.States() {
			select {
			case <-over:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	for i := range 60 {
		answer := trackerapi.WorkResponse{AgainMS: 1, Settled: i%3 == 0}
		for id := range 8 {
			task := trackerapi.Task{ID: fmt.Sprint((id + i) % 12), Attempt: 1 + i/10, Image: fmt.Sprintf("example.test/%d:1", id), Owners: []string{"policy/a"}}
			answer.Tasks = append(answer.Tasks, task)
		}
		n.mu.Lock()
		n.wanted = answer
		n.mu.Unlock()
		n.Asked(n)
		<-time.After(10 * time.Millisecond)
	}
	close(over)
	group.Wait()
	if len(n.States()) > 8 {
		t.Errorf("%d tasks are left", len(n.States()))
	}
}
