package roster

import (
	"iter"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

const (
	voiceWindow = 30 * time.Second // over which a node's accusations are counted
	muteTime    = time.Minute      // for which nobody listens to a bad reporter
	apartTime   = 30 * time.Second // for which a reporter is given the peer last that it had trouble with
	maxApart    = 64               // such peers of one node
	maxWrong    = 5                // nodes that one may accuse wrongly
	fewAccused  = 3                // nodes that anybody may accuse, however small the fleet
	shareOf     = 5                // beyond that, a fifth of the fleet
)

// voice is what a node's word against others is worth.
//
// A node whose own network is bad sees everybody fail. It is told by two
// things: whom it accuses answers the tracker, again and again; or it accuses
// more nodes than can well have failed for it alone. Whoever it was right about
// does not count. Without a voice it still avoids whom it complains of, which
// concerns only itself.
type voice struct {
	mu         sync.Mutex
	since      time.Duration   // start of the window
	accused    map[uint32]bool // in it; true: wrongly
	mutedUntil time.Duration
	apart      atomic.Pointer[map[uint32]time.Duration] // peers, and until when; replaced whole
}

// word is what became of an accusation.
type word uint8

const (
	weighed   word = iota // it counts
	unheard               // it does not
	everybody             // it does not, and shows who is to blame
)

// accuse weighs accusations of several nodes of a fleet at once.
func (v *voice) accuse(nodes iter.Seq[*Node], fleet int, now time.Duration) word {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now < v.mutedUntil {
		v.keepApart(nodes, now)
		return unheard
	}
	v.turn(now)
	for n := range nodes {
		if _, already := v.accused[n.ordinal]; !already {
			v.accused[n.ordinal] = false
		}
	}
	if len(v.accused) <= max(fewAccused, fleet/shareOf) {
		return weighed
	}
	v.keepApart(nodes, now)
	v.mute(now)
	return everybody
}

// judge says what came out of accusing a node. It may cost the voice.
func (v *voice) judge(node *Node, found Outcome, now time.Duration) (muted bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.turn(now)
	switch {
	case found == Alive:
		v.keepApart(func(yield func(*Node) bool) { yield(node) }, now)
		v.accused[node.ordinal] = true
		if muted = v.wrong() >= maxWrong; muted {
			v.mute(now)
		}
	case found.Failed():
		delete(v.accused, node.ordinal)
	}
	return muted
}

func (v *voice) wrong() (n int) {
	for _, wrongly := range v.accused {
		if wrongly {
			n++
		}
	}
	return n
}

func (v *voice) turn(now time.Duration) {
	if v.accused == nil || now-v.since >= voiceWindow {
		v.accused, v.since = map[uint32]bool{}, now
	}
}

func (v *voice) mute(now time.Duration) {
	v.mutedUntil, v.accused = now+muteTime, nil
}

func (v *voice) muted(now time.Duration) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return now < v.mutedUntil
}

func (v *voice) keepApart(nodes iter.Seq[*Node], now time.Duration) {
	peers := map[uint32]time.Duration{}
	if old := v.apart.Load(); old != nil {
		maps.Copy(peers, *old)
	}
	maps.DeleteFunc(peers, func(_ uint32, until time.Duration) bool { return now >= until })
	for n := range nodes {
		if _, already := peers[n.ordinal]; already || len(peers) < maxApart {
			peers[n.ordinal] = now + apartTime
		}
	}
	v.apart.Store(&peers)
}

// avoids takes no lock: every lookup asks.
func (v *voice) avoids(node uint32, now time.Duration) bool {
	peers := v.apart.Load()
	return peers != nil && now < (*peers)[node]
}

func (v *voice) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.accused, v.mutedUntil = nil, 0
	v.apart.Store(nil)
}
