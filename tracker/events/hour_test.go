package events

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func pullFor(p *Pulls, d time.Duration, parent string) {
	p.Hear("n", []trackerapi.Ingest{{Digest: one, Offset: 1, Size: 10, Parent: parent}}, false)
	time.Sleep(d) //nolint:forbidigo // a bubble's clock
	p.Hear("n", []trackerapi.Ingest{{Digest: one, Offset: 10, Size: 10, Parent: parent, Ended: true}}, false)
}

func TestTheHourHasEachMinutesPulls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPulls(NewLog(10))
		pullFor(p, 3*time.Second, "a")
		pullFor(p, time.Second, "")
		time.Sleep(time.Minute) //nolint:forbidigo // a bubble's clock
		p.Hear("n", []trackerapi.Ingest{{Digest: two, Offset: 4, Size: 10}}, false)
		p.Hear("n", nil, true)
		got := p.Hour()
		if len(got) != minutes || !got[minutes-1].At.Equal(time.Now().Truncate(time.Minute)) {
			t.Fatalf("%d minutes, the last at %v", len(got), got[len(got)-1].At)
		}
		before, now := got[minutes-2], got[minutes-1]
		if before.PeerBytes != 10 || before.OriginBytes != 10 || before.Complete != 2 || before.Lost != 0 ||
			!slices.Equal(before.Took, []time.Duration{time.Second, 3 * time.Second}) {
			t.Errorf("the minute before: %+v", before)
		}
		if now.OriginBytes != 4 || now.Lost != 1 || now.Complete != 0 || len(now.Took) != 0 {
			t.Errorf("this minute: %+v", now)
		}
	})
}

func TestTheHourForgetsTheHourBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := NewPulls(NewLog(10))
		pullFor(p, time.Second, "a")
		time.Sleep(minutes * time.Minute) //nolint:forbidigo // a bubble's clock
		for _, m := range p.Hour() {
			if m.Complete != 0 || m.PeerBytes != 0 {
				t.Errorf("there is still %+v", m)
			}
		}
	})
}

func TestAPullThatWasHeardOfTooLateHasNoTime(t *testing.T) {
	p := NewPulls(NewLog(10))
	p.Hear("n", []trackerapi.Ingest{{Digest: one, Offset: 10, Size: 10, Ended: true}}, false)
	var complete int64
	for _, m := range p.Hour() {
		complete += m.Complete
		if len(m.Took) != 0 {
			t.Errorf("took %v", m.Took)
		}
	}
	if complete != 1 {
		t.Errorf("%d complete", complete)
	}
}

func TestABusyMinuteKeepsAFairSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h hour
		for i := range 40 * maxTimed {
			h.took(time.Duration(i))
		}
		took := h.list()[minutes-1].Took
		median := took[len(took)/2]
		if len(took) != maxTimed || median < 10*maxTimed || median > 30*maxTimed {
			t.Fatalf("%d kept, the median is %d of %d", len(took), median, 40*maxTimed)
		}
	})
}
