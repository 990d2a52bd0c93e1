package worker

import (
	"cmp"
	"slices"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// maxLayers bounds the layers of all tasks in one message, which then has at most
// 3 MB of them. A tracker refuses what is larger, and would hear nothing at all.
const maxLayers = 20_000

// withoutMany leaves out the layers of tasks, once there are too many: of those
// that are over first. What the layers add up to stays.
func withoutMany(states []trackerapi.TaskState) []trackerapi.TaskState {
	total := 0
	for _, over := range []bool{false, true} {
		for i := range states {
			s := &states[i]
			if s.Phase.Over() != over {
				continue
			}
			if n := len(s.Layers); n > trackerapi.MaxParts || total+n > maxLayers {
				s.Layers = nil
			}
			total += len(s.Layers)
		}
	}
	return states
}

// told are the pins that fit into a message, the same ones each time.
func told(pins []store.Pin) []trackerapi.Pin {
	all := make([]trackerapi.Pin, 0, len(pins))
	for _, p := range pins {
		all = append(all, trackerapi.Pin{Image: p.Image, Digest: p.Digest, Owners: p.Owners})
	}
	slices.SortFunc(all, func(a, b trackerapi.Pin) int { return cmp.Compare(a.Image, b.Image) })
	return all[:min(len(all), trackerapi.MaxTasks)]
}
