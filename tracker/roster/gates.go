package roster

import "time"

// Gates are the limits on what silence alone may do. The zero value lets
// everything pass but what the tracker's own lateness and its start stand for.
type Gates struct {
	// MinArrival is the share, in percent, of the nodes that must be heard
	// for silence to condemn any: if fewer are, the fault is probably the
	// tracker's (as in Eureka's self-preservation).
	MinArrival int
	// MaxDeaths is the share, in percent, of the nodes that silence may
	// condemn within ten seconds, and at least one node.
	MaxDeaths int
}

const (
	// deathWindow is the time over which deaths by silence are counted.
	deathWindow = 10 * time.Second
	// patience is how many times longer a node may be silent in a zone
	// where more than half are: that is probably the network (as in
	// Kubernetes' node lifecycle controller).
	patience = 4
	// some is how many nodes have to be silent together for that to say
	// anything: one may always die.
	some = 2
	// graceIntervals is how long a tracker that has just started, or was
	// held up for long, draws no conclusion from silence.
	graceIntervals = 2
	pauseIntervals = 1
)

// Gate names what holds verdicts from silence back.
type Gate uint8

// The gates.
const (
	GateStart    Gate = iota // the tracker has just started
	GateLateness             // it was held up itself
	GateArrival              // too few are heard of all
	GateZone                 // most of a zone has fallen silent together
	GateBudget               // enough have died of silence lately
	GateReporter             // a bad reporter is not listened to
	NumGates
)

var gateNames = [NumGates]string{"start", "lateness", "arrival", "zone", "budget", "reporter"}

func (g Gate) String() string { return gateNames[g] }

// gates are the state of the gates from scan to scan.
type gates struct {
	policy  Policy
	census  census // of the scan before
	budget  budget
	started time.Duration // draw no conclusions before this
	resumed time.Duration // nor before this
	closed  [NumGates]bool
}

func newGates(p Policy) *gates { return &gates{policy: p, started: graceIntervals * p.Interval} }

// begin opens a scan.
func (g *gates) begin(now time.Duration) {
	g.closed = [NumGates]bool{
		GateStart:    now < g.started,
		GateLateness: now < g.resumed,
		GateArrival:  g.census.all.below(g.policy.Gates.MinArrival),
		GateZone:     g.census.slow(),
	}
}

// quiet says that silence means nothing yet.
func (g *gates) quiet() bool { return g.closed[GateStart] || g.closed[GateLateness] }

// pass says whether a node of a zone may die of its silence.
func (g *gates) pass(zone uint32, e Evidence, now time.Duration) bool {
	switch {
	case g.closed[GateArrival]:
		return false
	case g.census.at(zone).mostly() && e.Silent < g.policy.missed(g.policy.DeadAfter*patience, e.Interval):
		return false
	case !g.budget.take(now, g.allowance()):
		g.closed[GateBudget] = true
		return false
	}
	return true
}

// allowance is how many may die of silence within deathWindow.
func (g *gates) allowance() int {
	if g.policy.Gates.MaxDeaths == 0 {
		return int(^uint(0) >> 1)
	}
	return max(1, g.census.all.expected*g.policy.Gates.MaxDeaths/100)
}

// budget counts what has been spent lately.
type budget struct {
	spent []time.Duration // when, oldest first
}

// take spends one, if fewer than limit were spent within deathWindow.
func (b *budget) take(now time.Duration, limit int) bool {
	for len(b.spent) > 0 && now-b.spent[0] >= deathWindow {
		b.spent = b.spent[1:]
	}
	if len(b.spent) >= limit {
		return false
	}
	b.spent = append(b.spent, now)
	return true
}
