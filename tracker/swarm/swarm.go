package swarm

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	usual = 4  // holders in a handout when the asker leaves it to us
	most  = 16 // holders in a handout, whatever the asker says
)

// Swarm makes handouts of what the index and the roster know. It is safe for
// concurrent use.
type Swarm struct {
	index  *index.Index
	roster *roster.Roster
	rand   *rand.Rand
	forest forest
}

// New makes a Swarm. [Swarm.Run] must run for places and leases that nobody uses
// to be taken back.
func New(x *index.Index, r *roster.Roster) *Swarm {
	s := &Swarm{index: x, roster: r, rand: rand.New(shared{})}
	s.forest = forest{rules: DefaultRules(), begin: time.Now(), trees: map[digest.Digest]*Tree{}}
	return s
}

// Rule sets the rules. It must not be called once the Swarm is in use.
func (s *Swarm) Rule(rules Rules) { s.forest.rules = rules }

// shared is the runtime's source of random numbers, which all goroutines may
// use at once.
type shared struct{}

func (shared) Uint64() uint64 { return rand.Uint64() }

// rooms are for candidates while a handout is made: they would be most of the garbage
// that lookups leave.
var rooms = sync.Pool{New: func() any { return new([]Candidate) }}

// Handout lists the best holders of the digest for the asker, who need not be
// known and is never one of them. A limit of 0 or less leaves their number to
// the tracker. Nobody is a holder of an unknown digest.
func (s *Swarm) Handout(asker string, d digest.Digest, limit int) trackerapi.Handout {
	n := usual
	if limit > 0 {
		n = min(limit, most)
	}
	room := rooms.Get().(*[]Candidate)
	defer rooms.Put(room)
	*room = gatherInto(*room, s.index.Holders(d, s.rand.Uint32()), s.lookFor(asker), n)
	best := Rank(*room, n, s.rand)
	handout := make(trackerapi.Handout, len(best))
	for i, c := range best {
		handout[i] = holder(c.Node)
	}
	return handout
}

func holder(id *trackerapi.Node) trackerapi.Holder {
	return trackerapi.Holder{Node: id.Name, Epoch: id.Epoch, Addr: id.Addr, Zone: id.Zone}
}

// lookFor reads of a holder only what the roster keeps at one place: most are looked
// at and not chosen. To one whom nobody knows all are equally near.
func (s *Swarm) lookFor(asker string) func(uint32) (Candidate, bool) {
	self := s.roster.ByName(asker)
	return func(ordinal uint32) (c Candidate, usable bool) {
		n := s.roster.At(ordinal)
		if n == nil || n == self {
			return c, false
		}
		state := n.State()
		if !state.Usable() {
			return c, false
		}
		c = Candidate{Node: n.Identity(), Ordinal: ordinal, Uploads: n.Uploads(), Suspect: state == roster.Suspect}
		c.Stability = s.roster.Stability(n)
		c.Busy, c.Degraded = s.roster.Busy(n), n.Degraded() != ""
		c.Near = self == nil || n.Beside(self)
		c.Suspect = c.Suspect || (self != nil && s.roster.Apart(self, n))
		return c, true
	}
}
