package testbed

import "time"

// Eventually waits until the condition holds, looking often. What names the
// condition in the failure when the deadline passes.
func (b *Bed) Eventually(deadline time.Duration, what string, condition func() bool) {
	b.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	timeout := time.After(deadline)
	for !condition() {
		select {
		case <-tick.C:
		case <-timeout:
			b.t.Fatalf("not within %s: %s", deadline, what)
		case <-b.t.Context().Done():
			b.t.Fatalf("the test has ended while waiting: %s", what)
		}
	}
}
