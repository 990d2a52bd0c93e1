package inventory

import "time"

// alarm rings once on its channel, at the earliest time asked for. After it
// has rung it has to be told so.
type alarm struct {
	C     <-chan time.Time
	timer *time.Timer
	at    time.Time // zero: not set
}

func newAlarm() *alarm {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &alarm{C: t.C, timer: t}
}

// within makes the alarm ring in d at the latest.
func (a *alarm) within(d time.Duration) {
	if at := time.Now().Add(d); a.at.IsZero() || at.Before(a.at) {
		a.at = at
		a.timer.Reset(d)
	}
}

func (a *alarm) rung() { a.at = time.Time{} }

func (a *alarm) stop() { a.timer.Stop() }
