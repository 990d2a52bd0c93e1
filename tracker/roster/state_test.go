package roster

import (
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

var testPolicy = Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: 10 * time.Minute}

func TestEveryTransition(t *testing.T) {
	silent := func(d time.Duration) Evidence { return Evidence{Sign: Silence, Silent: d} }
	var (
		registered = Evidence{Sign: Registered}
		heard      = Evidence{Sign: Heard}
		stalled    = Evidence{Sign: Reported, Kind: trackerapi.KindStall}
		left       = Evidence{Sign: Left}
		aMoment    = silent(2249 * time.Millisecond)
		missedTwo  = silent(2250 * time.Millisecond)
		almost     = silent(3249 * time.Millisecond)
		missed3    = silent(3250 * time.Millisecond)
		minutes    = silent(10 * time.Minute)
	)
	for _, c := range []struct {
		from State
		by   Evidence
		to   State
		why  Reason
	}{
		{Purged, registered, Ready, ByRegister},
		{Purged, heard, Purged, ""},
		{Purged, stalled, Purged, ""},
		{Purged, left, Purged, ""},
		{Purged, minutes, Purged, ""},

		{Joining, registered, Ready, ByRegister},
		{Joining, heard, Ready, ByHeartbeat},
		{Joining, stalled, Joining, ""},
		{Joining, left, Draining, ByLeave},
		{Joining, aMoment, Joining, ""},
		{Joining, missedTwo, Suspect, BySilence},
		{Joining, missed3, Dead, BySilence},

		{Ready, registered, Ready, ""},
		{Ready, heard, Ready, ""},
		{Ready, stalled, Suspect, "report_stall"},
		{Ready, left, Draining, ByLeave},
		{Ready, aMoment, Ready, ""},
		{Ready, missedTwo, Suspect, BySilence},
		{Ready, missed3, Dead, BySilence},

		{Suspect, registered, Ready, ByRegister},
		{Suspect, heard, Ready, ByHeartbeat},
		{Suspect, stalled, Suspect, ""},
		{Suspect, left, Draining, ByLeave},
		{Suspect, aMoment, Suspect, ""},
		{Suspect, almost, Suspect, ""},
		{Suspect, missed3, Dead, BySilence},

		{Dead, registered, Ready, ByRegister},
		{Dead, heard, Ready, ByHeartbeat},
		{Dead, stalled, Dead, ""},
		{Dead, left, Draining, ByLeave},
		{Dead, missed3, Dead, ""},
		{Dead, minutes, Purged, ByAge},

		{Draining, registered, Ready, ByRegister},
		{Draining, heard, Draining, ""},
		{Draining, stalled, Draining, ""},
		{Draining, left, Draining, ""},
		{Draining, missedTwo, Draining, ""},
		{Draining, missed3, Gone, BySilence},

		{Gone, registered, Ready, ByRegister},
		{Gone, heard, Gone, ""},
		{Gone, stalled, Gone, ""},
		{Gone, left, Gone, ""},
		{Gone, missed3, Gone, ""},
		{Gone, minutes, Purged, ByAge},
	} {
		if to, why := testPolicy.Next(c.from, c.by); to != c.to || why != c.why {
			t.Errorf("%s by %+v: %s, %q; want %s, %q", c.from, c.by, to, why, c.to, c.why)
		}
	}
}

func TestReportsNeverKill(t *testing.T) {
	for s := range states {
		for _, kind := range []trackerapi.Kind{trackerapi.KindRefused, trackerapi.KindTimeout, trackerapi.KindStall, trackerapi.KindShort} {
			to, _ := testPolicy.Next(s, Evidence{Sign: Reported, Kind: kind})
			if to != s && (s != Ready || to != Suspect) {
				t.Errorf("%s is %s after %s", s, to, kind)
			}
		}
	}
}
