package fleet

import (
	"errors"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// alone runs something that is to have this process for itself, without garbage
// collections, and before all that this machine does besides: the trackers and this
// process get real-time priority. It tells whether the kernel has granted that.
func (r *run) alone(do func() error) (first bool, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)) // for all else here
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	pids := []int{os.Getpid()}
	for _, t := range r.trackers {
		pids = append(pids, t.proc.Load().pid())
	}
	defer func() { _ = eachOf(pids, asOthers) }() // where it was granted
	first = eachOf(pids, beforeOthers) == nil
	return first, do()
}

func eachOf(pids []int, do func(tid int) error) (err error) {
	for _, pid := range pids {
		err = errors.Join(err, everyThread(pid, do))
	}
	return err
}

// beforeOthers gives a thread the least of the real-time priorities, which is before
// all that have none. The kernel sees to it that these get a twentieth of the time.
func beforeOthers(tid int) error {
	return unix.SchedSetAttr(tid, &unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 1}, 0)
}

func asOthers(tid int) error {
	return unix.SchedSetAttr(tid, &unix.SchedAttr{Policy: unix.SCHED_NORMAL}, 0)
}
