package roster

import (
	"cmp"
	"time"
)

// Policy is how much silence a node may keep.
type Policy struct {
	Interval     time.Duration // between heartbeats, at least
	MaxRate      int           // heartbeats a second for which it grows; 0: it never does
	SuspectAfter int           // missed heartbeats
	DeadAfter    int           // missed heartbeats
	PurgeAfter   time.Duration // since the node was last heard
	Gates        Gates
}

// Next is what becomes of a node by the evidence, and why. The reason is empty
// if its state does not change.
//
// Heartbeats say that a node exists, its data port that it can serve; so the
// port has the last word. It takes two witnesses to declare a node dead, one
// of which is always the tracker's own probe: of the other, a refused
// connection needs nothing more than the machine that refuses it.
func (p Policy) Next(from Standing, e Evidence) (Standing, Reason) {
	to, why := p.next(from, e)
	if e.Cordoned && to.State.Usable() {
		to, why = Standing{Draining, Cordoned}, ByDrain
	}
	if to.State == from.State {
		why = ""
	}
	return to, why
}

func (p Policy) next(from Standing, e Evidence) (Standing, Reason) {
	switch e.Sign {
	case Registered:
		return p.afterRegister(from, e), ByRegister
	case Heard:
		return p.afterHeartbeat(from, e), ByHeartbeat
	case Reported:
		return p.afterReport(from), Reason("report_" + e.Kind)
	case Overheard:
		return p.afterAccusations(from), ByAccusations
	case Probed:
		return p.afterProbe(from, e), Reason("probe_" + e.Port.String())
	case Left:
		return p.afterLeave(from), ByLeave
	case Silence:
		return p.afterSilence(from, e)
	case Forgiven:
		return p.released(from, Standing{Suspect, Discredited}, e), ByTime
	case Undrained:
		return p.released(from, Standing{Draining, Cordoned}, e), ByUndrain
	}
	return from, ""
}

// afterRegister: a new run starts with a clean slate.
func (p Policy) afterRegister(from Standing, e Evidence) Standing {
	switch from.State {
	case Joining, Ready, Suspect, Dead:
		if !e.NewRun {
			return p.afterHeartbeat(from, e)
		}
	}
	return Standing{State: Ready}
}

// afterHeartbeat: a node that has left by itself comes back only by registering again,
// since a heartbeat may have been under way while it left. One that was purged
// is told to register, too.
func (p Policy) afterHeartbeat(from Standing, e Evidence) Standing {
	switch {
	case from.Cause == Accused && e.Looking:
		return from // what the probe finds says more
	case from.State == Joining, from.State == Dead, from.Cause == Cordoned,
		from.State == Suspect && from.Cause != Unproven && from.Cause != Discredited:
		if e.Port.Failed() {
			return Standing{Suspect, Unproven}
		}
		return Standing{State: Ready}
	}
	return from
}

func (p Policy) afterReport(from Standing) Standing {
	if from.State == Ready || (from.State == Suspect && from.Cause != Discredited) {
		return Standing{Suspect, Accused}
	}
	return from
}

// afterProbe: a refusal is proof enough. One port is spared: that of a node
// which has been heard since the port was last found dead. It is given last
// already, and would only go to and fro.
func (p Policy) afterProbe(from Standing, e Evidence) Standing {
	if from.State != Joining && from.State != Ready && from.State != Suspect {
		return from
	}
	switch e.Port {
	case Alive:
		if from.Cause == Accused || from.Cause == Unproven {
			return p.heard(e)
		}
	case Refused:
		if from.Cause != Unproven || e.Hangup {
			return Standing{State: Dead}
		}
	case Mute:
		switch {
		case from.Cause == Accused, from.Cause == Discredited:
			return Standing{State: Dead}
		case from.State != Suspect:
			return Standing{Suspect, Unproven}
		}
	}
	return from
}

func (p Policy) afterAccusations(from Standing) Standing {
	if from.State == Ready || from.State == Suspect {
		return Standing{Suspect, Discredited}
	}
	return from
}

func (p Policy) afterLeave(from Standing) Standing {
	if from.State == Purged || from.State == Gone {
		return from
	}
	return Standing{State: Draining}
}

// released ends a standing that nothing else ends.
func (p Policy) released(from, standing Standing, e Evidence) Standing {
	if from == standing {
		return p.heard(e)
	}
	return from
}

// heard is the standing of a node that only its heartbeats can speak against.
func (p Policy) heard(e Evidence) Standing {
	if e.Silent >= p.missed(p.SuspectAfter, e.Interval) {
		return Standing{Suspect, Missing}
	}
	return Standing{State: Ready}
}

func (p Policy) afterSilence(from Standing, e Evidence) (Standing, Reason) {
	switch from.State {
	case Dead, Gone:
		if e.Silent >= p.PurgeAfter {
			return Standing{State: Purged}, ByAge
		}
	case Draining:
		if e.Silent >= p.missed(p.DeadAfter, e.Interval) {
			return Standing{Gone, from.Cause}, BySilence
		}
	case Joining, Ready:
		if e.Silent >= p.missed(p.SuspectAfter, e.Interval) {
			return Standing{Suspect, Missing}, BySilence
		}
	case Suspect:
		if p.deadBySilence(e) {
			return Standing{State: Dead}, BySilence
		}
	}
	return from, ""
}

// deadBySilence: the data port has a say, too. While it serves, or the tracker
// can't look, the node is no more than suspect, until nobody knows any more
// whose port that is. If it serves somebody elsewhere, the fault may be the
// tracker's own; but it must end some time, as the patience with a zone does.
func (p Policy) deadBySilence(e Evidence) bool {
	if e.Silent >= p.PurgeAfter {
		return true
	}
	if e.Vouched && e.Silent < p.missed(p.DeadAfter*patience, e.Interval) {
		return false
	}
	return e.Silent >= p.missed(p.DeadAfter, e.Interval) && e.Port.Failed()
}

// missed is the silence after which n heartbeats have been missed by a node
// that was told this interval; 0 stands for the policy's. Each has a quarter of
// the interval to arrive late in.
func (p Policy) missed(n int, told time.Duration) time.Duration {
	told = cmp.Or(told, p.Interval)
	return time.Duration(n)*told + told/4
}
