package fetcher

import "time"

// calmReads is the number of reads without a stall after which earlier ones
// are forgotten.
const calmReads = 256

// gaps learns what silence is out of the ordinary in a body.
type gaps struct {
	usual  time.Duration // that a Read waits for this parent
	stalls int           // whoever the parent was
	calm   int           // reads since the last one
}

// add takes note of a Read that brought something.
func (g *gaps) add(waited time.Duration) {
	g.usual += (waited - g.usual) / 8
	if g.calm++; g.calm == calmReads {
		g.stalls = 0
	}
}

func (g *gaps) stalled() {
	g.stalls++
	g.calm = 0
}

// changed is for a new parent.
func (g *gaps) changed() { g.usual = 0 }

// limit is the silence that counts as a stall: eight times the usual gap, but
// no less than least, doubled by each stall before. Where everyone is slow, as
// on a machine or a link that is overloaded, changing from one to the other
// makes things worse.
func (g *gaps) limit(least, most time.Duration) time.Duration {
	return min(max(least<<min(g.stalls, 8), 8*g.usual), most)
}
