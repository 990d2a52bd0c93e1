package fleet

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// rush is a load at an exact pace over the connections that the virtual seeders
// have: one goroutine that writes each request when it is due, and takes the answers
// as the kernel has them. It does without other goroutines and without garbage,
// because those who ask thousands of times a second with them are late themselves:
// requests that should have come one by one come in bursts, and what is seen of the
// tracker is its queue after each.
type rush struct {
	lines []rushLine
	gap   time.Duration // between two requests
	seen  *histogram

	poll    int // epoll
	under   int // requests that are under way
	unseen  int // so many were when the rush was held up
	skipped int // so many were due meanwhile, and not sent
	ready   [256]unix.EpollEvent
	buffer  [64 << 10]byte
}

const (
	rushPatience = 2 * time.Second       // with what is under way at the end
	rushTries    = 64                    // to find a line that has nothing under way
	rushHeld     = time.Millisecond      // so late the kernel does not come back of itself
	rushNap      = 10 * time.Millisecond // the longest wait for answers; the garbage collector may wait as long
)

// run asks for as long as told, and waits for the last answers.
func (r *rush) run(ctx context.Context, length time.Duration) error {
	if len(r.lines) == 0 {
		return errNotConnected
	}
	if err := r.open(); err != nil {
		return err
	}
	defer r.close()
	if err := r.ask(ctx, length); err != nil {
		return err
	}
	return r.finish()
}

func (r *rush) open() (err error) {
	if r.poll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	for i := range r.lines {
		e := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(i)}
		if err := unix.EpollCtl(r.poll, unix.EPOLL_CTL_ADD, r.lines[i].fd, &e); err != nil {
			return errors.Join(err, unix.Close(r.poll))
		}
	}
	return nil
}

func (r *rush) close() { _ = unix.Close(r.poll) }

func (r *rush) ask(ctx context.Context, length time.Duration) error {
	due := time.Now()
	for end := due.Add(length); due.Before(end) && ctx.Err() == nil; due = due.Add(r.gap) {
		held, err := r.until(due)
		if late := time.Since(due); held && late > 0 {
			r.skipped += int(late / r.gap)
			due = due.Add(late)
		}
		if err == nil {
			err = r.write(due)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *rush) finish() error {
	for end := time.Now().Add(rushPatience); r.under > 0; {
		if time.Now().After(end) {
			return fmt.Errorf("%d requests without an answer after %v", r.under, rushPatience)
		}
		if _, err := r.take(rushNap); err != nil {
			return err
		}
	}
	return nil
}

// until takes answers until something is due, and what there is if that was before.
func (r *rush) until(due time.Time) (held bool, err error) {
	for {
		early := time.Until(due)
		late, err := r.take(min(max(early, 0), rushNap))
		held = held || late
		if err != nil || early <= 0 {
			return held, err
		}
	}
}

// write asks on a line that has nothing under way.
func (r *rush) write(due time.Time) error {
	for range rushTries {
		if l := &r.lines[rand.IntN(len(r.lines))]; !l.busy() && !l.gone {
			r.under++
			return l.write(due)
		}
	}
	return errors.New("the tracker has something under way on nearly all lines")
}

// take waits no longer than that for answers, and takes what there is. It tells
// whether it was held up: something else had the CPU when the wait was over. What
// is under way then is not counted, for it cannot be known when it was answered; nor
// is made up for what was due meanwhile, which would be a burst.
func (r *rush) take(wait time.Duration) (held bool, err error) {
	begin := time.Now()
	n, err := epollWait(r.poll, r.ready[:], wait)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return false, err
	}
	if held = time.Since(begin) > wait+rushHeld; held {
		r.forget()
	}
	for _, e := range r.ready[:n] {
		if err := r.read(&r.lines[e.Fd]); err != nil {
			return held, err
		}
	}
	return held, nil
}

func (r *rush) forget() {
	for i := range r.lines {
		if l := &r.lines[i]; l.busy() && !l.unseen {
			l.unseen = true
			r.unseen++
		}
	}
}

// lost is the share of the requests that are not counted since the rush was held up.
func (r *rush) lost() float64 {
	lost := float64(r.unseen + r.skipped)
	return lost / max(1, lost+float64(r.seen.count.Load()))
}

func (r *rush) read(l *rushLine) error {
	whole, err := l.read(r.buffer[:])
	if l.gone {
		return unix.EpollCtl(r.poll, unix.EPOLL_CTL_DEL, l.fd, nil)
	}
	if !whole || err != nil {
		return err
	}
	r.under--
	if !l.unseen {
		r.seen.add(time.Since(l.due))
	}
	l.due = time.Time{}
	return nil
}

// giveBack returns the lines.
func (r *rush) giveBack() (err error) {
	for i := range r.lines {
		err = errors.Join(err, r.lines[i].giveBack())
	}
	return err
}

// epollWait is epoll_pwait2(2), which counts in nanoseconds and [unix] does not have.
// The scheduler hears nothing of it: to it, who waits here is running.
func epollWait(fd int, events []unix.EpollEvent, wait time.Duration) (int, error) {
	t := unix.NsecToTimespec(int64(wait))
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(unsafe.Pointer(&t)), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
