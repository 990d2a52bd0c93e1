package roster

import "github.com/drayproject/dray/shared/trackerapi"

// Drain takes a node out of the answers until [Roster.Undrain], over restarts
// of its seeder and of its machine: only a purge ends it, too. What it is
// serving it finishes.
func (r *Roster) Drain(name string) (State, error) { return r.cordon(name, true, Drained) }

// Undrain brings a drained node back. One that has left by itself comes back
// only by registering.
func (r *Roster) Undrain(name string) (State, error) { return r.cordon(name, false, Undrained) }

func (r *Roster) cordon(name string, on bool, sign Sign) (State, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := r.byName[name]
	if n == nil {
		return Purged, trackerapi.Errorf(trackerapi.CodeUnknownNode, "node %q is not known", name)
	}
	n.cordoned.Store(on)
	return r.weigh(n, Evidence{Sign: sign}).State, nil
}
