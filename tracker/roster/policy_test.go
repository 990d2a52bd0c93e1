package roster

import (
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

var testPolicy = Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: 10 * time.Minute}

// The standings, for short.
var (
	purged   = Standing{State: Purged}
	joining  = Standing{State: Joining}
	ready    = Standing{State: Ready}
	missing  = Standing{Suspect, Missing}
	accused  = Standing{Suspect, Accused}
	unproven = Standing{Suspect, Unproven}
	discred  = Standing{Suspect, Discredited}
	dead     = Standing{State: Dead}
	draining = Standing{State: Draining}
	cordoned = Standing{Draining, Cordoned}
	cordGone = Standing{Gone, Cordoned}
	gone     = Standing{State: Gone}
)

func TestEveryTransition(t *testing.T) {
	silence := func(d time.Duration, port Outcome) Evidence {
		return Evidence{Sign: Silence, Silent: d, Port: port}
	}
	probed := func(o Outcome) Evidence { return Evidence{Sign: Probed, Port: o} }
	const two, three = 2250 * time.Millisecond, 3250 * time.Millisecond
	var (
		registered = Evidence{Sign: Registered}
		reappeared = Evidence{Sign: Registered, Port: Refused}
		newRun     = Evidence{Sign: Registered, NewRun: true, Port: Refused} // of the run before
		heard      = Evidence{Sign: Heard, Port: Unasked}
		heardOnly  = Evidence{Sign: Heard, Port: Mute} // its port was found mute a moment ago
		heardWell  = Evidence{Sign: Heard, Port: Alive}
		stalled    = Evidence{Sign: Reported, Kind: trackerapi.KindStall}
		overheard  = Evidence{Sign: Overheard}
		forgiven   = Evidence{Sign: Forgiven}
		left       = Evidence{Sign: Left}
		hungUp     = Evidence{Sign: Probed, Port: Refused, Hangup: true}
		drain      = Evidence{Sign: Drained, Cordoned: true}
		undrain    = Evidence{Sign: Undrained}
		heardStill = Evidence{Sign: Heard, Cordoned: true}
		silentLive = Evidence{Sign: Probed, Port: Alive, Silent: two}
		aMoment    = silence(two-1, Unasked)
		missedTwo  = silence(two, Unasked)
		almost     = silence(three-1, Mute)
		missed3    = silence(three, Mute)
		vouched3   = Evidence{Sign: Silence, Silent: three, Port: Mute, Vouched: true}
		vouchedAll = Evidence{Sign: Silence, Silent: 12250*time.Millisecond - 1, Port: Mute, Vouched: true}
		vouched12  = Evidence{Sign: Silence, Silent: 12250 * time.Millisecond, Port: Mute, Vouched: true}
		minutes    = silence(10*time.Minute, Unasked)
	)
	for _, c := range []struct {
		from Standing
		by   Evidence
		to   Standing
		why  Reason
	}{
		{purged, registered, ready, ByRegister},
		{purged, heard, purged, ""},
		{purged, stalled, purged, ""},
		{purged, probed(Refused), purged, ""},
		{purged, left, purged, ""},
		{purged, minutes, purged, ""},

		{joining, registered, ready, ByRegister},
		{joining, heard, ready, ByHeartbeat},
		{joining, stalled, joining, ""},
		{joining, probed(Alive), joining, ""},
		{joining, left, draining, ByLeave},
		{joining, aMoment, joining, ""},
		{joining, missedTwo, missing, BySilence},

		{ready, registered, ready, ""},
		{ready, newRun, ready, ""},
		{ready, heard, ready, ""},
		{ready, heardOnly, ready, ""},
		{ready, stalled, accused, "report_stall"},
		{ready, overheard, discred, ByAccusations},
		{ready, probed(Alive), ready, ""},
		{ready, probed(Unsure), ready, ""},
		{ready, probed(Refused), dead, "probe_refused"},
		{ready, hungUp, dead, "probe_refused"},
		{ready, probed(Mute), unproven, "probe_mute"},
		{ready, left, draining, ByLeave},
		{ready, aMoment, ready, ""},
		{ready, missedTwo, missing, BySilence},

		{missing, vouched3, missing, ""},
		{missing, vouchedAll, missing, ""},
		{missing, vouched12, dead, BySilence},
		{missing, Evidence{Sign: Probed, Port: Refused, Vouched: true}, dead, "probe_refused"},
		{accused, Evidence{Sign: Probed, Port: Mute, Vouched: true}, dead, "probe_mute"},
		{missing, heard, ready, ByHeartbeat},
		{missing, heardWell, ready, ByHeartbeat},
		{missing, heardOnly, unproven, ""},
		{missing, stalled, accused, ""},
		{missing, probed(Alive), missing, ""},
		{missing, probed(Mute), missing, ""}, // the third heartbeat is waited for
		{missing, probed(Unsure), missing, ""},
		{missing, probed(Refused), dead, "probe_refused"},
		{missing, left, draining, ByLeave},
		{missing, almost, missing, ""},
		{missing, missed3, dead, BySilence},
		{missing, silence(three, Refused), dead, BySilence},
		{missing, silence(three, Unsure), missing, ""},  // the tracker itself is at fault
		{missing, silence(three, Unasked), missing, ""}, // not before the port was looked at
		{missing, silence(time.Minute, Alive), missing, ""},
		{missing, minutes, dead, BySilence},

		{accused, registered, ready, ByRegister},
		{accused, heard, ready, ByHeartbeat},
		{accused, Evidence{Sign: Heard, Looking: true}, accused, ""},
		{accused, Evidence{Sign: Registered, NewRun: true, Looking: true}, ready, ByRegister},
		{missing, Evidence{Sign: Heard, Looking: true}, ready, ByHeartbeat},
		{accused, heardOnly, unproven, ""},
		{accused, stalled, accused, ""},
		{accused, overheard, discred, ""},
		{accused, probed(Alive), ready, "probe_alive"},
		{accused, silentLive, missing, ""},
		{accused, probed(Unsure), accused, ""},
		{accused, probed(Refused), dead, "probe_refused"},
		{accused, probed(Mute), dead, "probe_mute"},
		{accused, left, draining, ByLeave},
		{accused, almost, accused, ""},
		{accused, missed3, dead, BySilence},

		{unproven, registered, unproven, ""},
		{unproven, newRun, ready, ByRegister},
		{unproven, heardWell, unproven, ""},
		{unproven, stalled, accused, ""},
		{unproven, probed(Alive), ready, "probe_alive"},
		{unproven, silentLive, missing, ""},
		{unproven, probed(Mute), unproven, ""}, // it is given last already
		{unproven, probed(Refused), unproven, ""},
		{unproven, hungUp, dead, "probe_refused"},
		{unproven, probed(Unsure), unproven, ""},
		{unproven, left, draining, ByLeave},
		{unproven, missed3, dead, BySilence},

		{discred, heard, discred, ""},
		{discred, newRun, ready, ByRegister},
		{discred, stalled, discred, ""},
		{discred, forgiven, ready, ByTime},
		{discred, Evidence{Sign: Forgiven, Silent: two}, missing, ""},
		{discred, probed(Alive), discred, ""},
		{discred, probed(Mute), dead, "probe_mute"},
		{discred, probed(Refused), dead, "probe_refused"},
		{discred, left, draining, ByLeave},
		{discred, missed3, dead, BySilence},

		{dead, registered, ready, ByRegister},
		{dead, reappeared, unproven, ByRegister},
		{dead, newRun, ready, ByRegister},
		{dead, heard, ready, ByHeartbeat},
		{dead, heardWell, ready, ByHeartbeat},
		{dead, heardOnly, unproven, ByHeartbeat},
		{dead, stalled, dead, ""},
		{dead, overheard, dead, ""},
		{dead, probed(Alive), dead, ""}, // whose port that is, a heartbeat must say
		{dead, left, draining, ByLeave},
		{dead, missed3, dead, ""},
		{dead, minutes, purged, ByAge},

		{draining, registered, ready, ByRegister},
		{draining, heard, draining, ""},
		{draining, stalled, draining, ""},
		{draining, probed(Refused), draining, ""},
		{draining, left, draining, ""},
		{draining, missedTwo, draining, ""},
		{draining, missed3, gone, BySilence},

		{joining, drain, joining, ""},
		{ready, drain, cordoned, ByDrain},
		{accused, drain, cordoned, ByDrain},
		{dead, drain, dead, ""},
		{dead, heardStill, cordoned, ByDrain},
		{draining, undrain, draining, ""},
		{gone, drain, gone, ""},
		{cordoned, heardStill, cordoned, ""},
		{cordoned, Evidence{Sign: Registered, NewRun: true, Cordoned: true}, cordoned, ""},
		{cordoned, left, draining, ""},
		{cordoned, hungUp, cordoned, ""},
		{cordoned, missed3, cordGone, BySilence},
		{cordoned, undrain, ready, ByUndrain},
		{cordoned, Evidence{Sign: Undrained, Silent: two}, missing, ByUndrain},
		{cordGone, heardStill, cordoned, ByDrain},
		{cordGone, undrain, cordGone, ""},
		{cordGone, heard, ready, ByHeartbeat},
		{cordGone, minutes, purged, ByAge},

		{gone, registered, ready, ByRegister},
		{gone, heard, gone, ""},
		{gone, stalled, gone, ""},
		{gone, left, gone, ""},
		{gone, missed3, gone, ""},
		{gone, minutes, purged, ByAge},
	} {
		if to, why := testPolicy.Next(c.from, c.by); to != c.to || why != c.why {
			t.Errorf("%v by %+v: %v, %q; want %v, %q", c.from, c.by, to, why, c.to, c.why)
		}
	}
}

var everyStanding = []Standing{purged, joining, ready, missing, accused, unproven, discred, dead, draining, cordoned, gone, cordGone}

func TestReportsAloneNeverKill(t *testing.T) {
	for _, s := range everyStanding {
		for _, kind := range []trackerapi.Kind{trackerapi.KindRefused, trackerapi.KindTimeout, trackerapi.KindStall, trackerapi.KindShort} {
			to, _ := testPolicy.Next(s, Evidence{Sign: Reported, Kind: kind})
			if to.State != s.State && (s != ready || to != accused) {
				t.Errorf("%v is %v after %s", s, to, kind)
			}
		}
	}
}

func TestAnsweringPortNeverHarms(t *testing.T) {
	for _, s := range everyStanding {
		to, _ := testPolicy.Next(s, Evidence{Sign: Probed, Port: Alive})
		if to.State != s.State && to != ready {
			t.Errorf("%v is %v after its port has answered", s, to)
		}
	}
}
