// Package wall takes the place of package time's clock in a tracker that a test
// builds (skewed_test.go). Its wall clock is set twice while the tracker runs, as
// somebody would set the machine's: the monotonic clock goes on as it was.
package wall

import (
	"fmt"
	"os"
	"sync"
	"time"
	"unsafe"
)

const (
	forward = 15 * time.Second // after the start: an hour ahead
	back    = 30 * time.Second // an hour behind
	hour    = 3600
)

var started = time.Now()

// Now is time.Now with the wall clock moved.
func Now() time.Time {
	t := time.Now()
	switch up := t.Sub(started); {
	case up >= back:
		behind()
		shift(&t, -hour)
	case up >= forward:
		ahead()
		shift(&t, hour)
	}
	return t
}

// Since is time.Since by this clock.
func Since(t time.Time) time.Duration { return Now().Sub(t) }

// Until is time.Until by this clock.
func Until(t time.Time) time.Duration { return t.Sub(Now()) }

// shift relies on how a Time with a monotonic reading looks: its first word has
// the seconds of the wall clock above 30 bits of nanoseconds.
func shift(t *time.Time, seconds int64) { *(*uint64)(unsafe.Pointer(t)) += uint64(seconds) << 30 }

var (
	ahead  = sync.OnceFunc(func() { fmt.Fprintln(os.Stderr, "the wall clock is an hour ahead") })
	behind = sync.OnceFunc(func() { fmt.Fprintln(os.Stderr, "the wall clock is an hour behind") })
)
