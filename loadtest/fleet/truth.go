package fleet

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// inFlight is how long what a node has just dropped may still be in answers.
// It is in none once the tracker has taken the change; this is for answers that
// were on their way, and for a tracker that was busy.
const inFlight = time.Second

// deadAfter so many intervals a tracker must have noticed that a node is dead.
// It does after 3¼ by silence alone.
const deadAfter = 5

// grace is how long a failed node may still be handed out.
func (f *fleet) grace() time.Duration { return deadAfter * time.Duration(f.interval.Load()) }

// question is a lookup, and what was known when it was asked.
type question struct {
	asker   *node
	digests []uint32
	had     []bool // other live holders, of which all trackers knew
	at      time.Time
}

func (f *fleet) question(asker *node, digests []uint32) question {
	q := question{asker: asker, digests: digests, had: make([]bool, len(digests)), at: time.Now()}
	for i, d := range digests {
		q.had[i] = f.hasOthers(d)
	}
	return q
}

// hasOthers says whether the digest has a live holder, whoever asks: of two
// holders one at most is the asker.
func (f *fleet) hasOthers(d uint32) bool { return f.settled[d].Load() >= 2 }

// judge notes what is untrue of an answer. It returns a holder that is down, if
// it was given as the best one.
//
// An empty handout is wrong if the digest had another live holder both before
// and after: nodes fail and drop digests far too slowly for it to have lost and
// got one in between.
func (f *fleet) judge(q question, handouts []trackerapi.Handout) (dead *trackerapi.Holder) {
	for i, handout := range handouts {
		if len(handout) == 0 && q.had[i] && f.hasOthers(q.digests[i]) {
			f.note().wrong("handout: empty, though there are holders")
		}
		for rank := range handout {
			h := &handout[rank]
			if lie := f.untrue(q, q.digests[i], h); lie != "" {
				f.note().wrong("handout: " + lie)
			}
			if n := f.byName[h.Node]; rank == 0 && n != nil && n.is() != alive {
				f.note().noteStale()
				dead = h
			}
		}
	}
	return dead
}

// untrue is what is wrong about one holder, if anything.
func (f *fleet) untrue(q question, d uint32, h *trackerapi.Holder) string {
	n := f.byName[h.Node]
	switch {
	case n == nil || n.addr != h.Addr:
		return "a holder that is unknown"
	case n == q.asker:
		return "the asker"
	case !n.held(d, q.at):
		return "a holder that has not got it"
	case n.is() != alive && q.at.Sub(time.Unix(0, n.downAt.Load())) > f.grace():
		return "a holder that is long dead"
	}
	return ""
}
