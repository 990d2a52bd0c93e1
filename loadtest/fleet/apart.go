package fleet

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// cpus are those that may be used, in their order, and how many of the last of
// them are the trackers' own: a tracker that shares a CPU with the thousands that
// ask it is slow because of them. The zero cpus are everybody's.
type cpus struct {
	all      []int
	trackers int
}

var errFewCPUs = errors.New("apart: each tracker needs a CPU of its own, and the virtual seeders one besides")

// standApart keeps this process off the trackers' CPUs, if they are to have their
// own.
func (r *run) standApart() (err error) {
	if !r.Apart {
		return nil
	}
	if r.cpus, err = findCPUs(r.Trackers); err != nil {
		return err
	}
	return r.cpus.stayAside()
}

// findCPUs lists the CPUs that this process may use, of which so many are to be
// the trackers'.
func findCPUs(trackers int) (c cpus, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return c, fmt.Errorf("apart: %w", err)
	}
	for i := range len(set) * strconv.IntSize {
		if set.IsSet(i) {
			c.all = append(c.all, i)
		}
	}
	if c.trackers = trackers; len(c.all) <= trackers {
		return c, errFewCPUs
	}
	return c, nil
}

// of is the i-th tracker's.
func (c cpus) of(i int) []int {
	at := len(c.all) - c.trackers + i
	return c.all[at : at+1]
}

// rest is for everything but the trackers.
func (c cpus) rest() []int { return c.all[:len(c.all)-c.trackers] }

// stayAside confines this process, and all that it will start, to the rest.
func (c cpus) stayAside() error {
	if err := everyThread(os.Getpid(), func(tid int) error { return confine(tid, c.rest()) }); err != nil {
		return fmt.Errorf("apart: %w", err)
	}
	runtime.GOMAXPROCS(len(c.rest()))
	return nil
}

// comeBack ends that.
func (c cpus) comeBack() {
	if c.trackers == 0 {
		return
	}
	_ = everyThread(os.Getpid(), func(tid int) error { return confine(tid, c.all) })
	runtime.SetDefaultGOMAXPROCS()
}

// onOwn runs start, which starts the i-th tracker, where the tracker is to be. The
// thread is not given up afterwards: its end would be the tracker's.
func (c cpus) onOwn(i int, start func() error) error {
	if c.trackers == 0 {
		return start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := confine(0, c.of(i)); err != nil {
		return fmt.Errorf("apart: %w", err)
	}
	return errors.Join(start(), confine(0, c.rest()))
}

func confine(tid int, cpus []int) error {
	var set unix.CPUSet
	for _, i := range cpus {
		set.Set(i)
	}
	return unix.SchedSetaffinity(tid, &set)
}

// everyThread does something to each thread of a process. Those that are started
// meanwhile are like the one that starts them: so it goes round until there is no
// new one.
func everyThread(pid int, do func(tid int) error) error {
	done := map[string]bool{}
	for before := -1; before < len(done); {
		before = len(done)
		threads, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
		if err != nil {
			return err
		}
		for _, t := range threads {
			tid, err := strconv.Atoi(t.Name())
			if err == nil && !done[t.Name()] {
				err = do(tid)
			}
			if err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
			done[t.Name()] = true
		}
	}
	return nil
}
