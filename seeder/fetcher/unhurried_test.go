package fetcher

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// Its parent was slowed down by the kernel: what comes has gaps, for which nobody
// else is asked and nobody is blamed, however small the blob is.
func TestWhatNobodyWaitsForStaysWithASlowParent(t *testing.T) {
	for _, size := range []int{100_000, 2 * megabyte} {
		data, d := blob(size)
		const paced = 20_000 // bytes per second, in segments of 4 KiB
		always := func(context.Context) bool { return true }
		inLab(t, Config{Unhurried: always, Sources: 4}, data, []int{paced, 100 * paced}, func(l *lab) {
			l.took(d, data, 0)
			if a, b := l.peers["a"].asked, l.peers["b"].asked; a != 1 || b != 0 {
				t.Errorf("of %d bytes: a was asked %d times, b %d times; want a alone, once", size, a, b)
			}
			l.wantReports("")
		})
	}
}

// Somebody begins to wait: the same parent is asked again, as one who must not be
// slowed down, and no byte is lost.
func TestWhatSomebodyBeginsToWaitForIsAskedForAnew(t *testing.T) {
	data, d := blob(hugeSize)
	var hurried atomic.Bool
	cfg := Config{Unhurried: func(context.Context) bool { return !hurried.Load() }, Sources: 1}
	inLab(t, cfg, data, []int{slow, slow}, func(l *lab) {
		time.AfterFunc(2*time.Second, func() { hurried.Store(true) })
		_, from := l.took(d, data, 0)
		if a, b := l.peers["a"].asked, l.peers["b"].asked; a != 2 || b != 0 || from["a"] != hugeSize {
			t.Errorf("a was asked %d times, b %d times; %v", a, b, from)
		}
		l.wantReports("")
	})
}
