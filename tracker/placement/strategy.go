package placement

import (
	"hash/fnv"
	"math"
)

// Place is one node for one image, as a strategy sees it.
type Place struct {
	Node *Node
	// Key is what the image is: its digest, or its name while that is unknown.
	Key string
	// Keeps is how many images the node keeps, or is to keep, as replicas.
	Keeps int
	// Near is, for each key that is spread over, how many of the other copies
	// are in the same zone, rack or whatever the key names, the most important
	// first.
	Near []int
}

// Strategies are scoring functions: the higher, the better a place. They are
// pure. All but spread go from 0 to 1, in steps of a tenth where they rest on
// measurements, so that chance differences decide nothing.
var Strategies = map[string]func(*Place) float64{
	"spread":       spread,
	"stable":       stable,
	"least-loaded": leastLoaded,
	"hash":         hash,
}

// DefaultStrategies spread first: with a weight of more than twice those of all
// others together, copies are always as even over zones as the nodes allow.
// Where the sum is equal, hash decides.
func DefaultStrategies() map[string]float64 {
	return map[string]float64{"spread": 8, "stable": 1, "least-loaded": 1}
}

// spread takes 1 off for each copy that is in the same zone, and a little for
// each in the same of the lesser keys.
func spread(p *Place) (v float64) {
	const lesser = 1.0 / 16
	unit := 1.0
	for _, copies := range p.Near {
		v -= unit * float64(copies)
		unit *= lesser
	}
	return v
}

// stable is the roster's history: flaps, failures, uptime.
func stable(p *Place) float64 { return tenths(p.Node.Stability) }

// leastLoaded is the free room, the free upload slots and how little the node
// keeps already, in equal shares. For that, eight images count half as good as
// none.
func leastLoaded(p *Place) float64 {
	room, slots := 0.5, 1.0 // while unknown
	if n := p.Node; n.Room.Total > 0 {
		room = float64(n.Room.Free) / float64(n.Room.Total)
	}
	if n := p.Node; n.Slots > 0 {
		slots = 1 - float64(n.Uploads)/float64(n.Slots)
	}
	few := 1 / (1 + float64(p.Keeps)/8)
	return tenths((clamp(room) + clamp(slots) + clamp(few)) / 3)
}

// hash is a number that is always the same for this node and this image
// (rendezvous hashing): the same nodes are chosen again.
func hash(p *Place) float64 { return float64(rendezvous(p.Key, p.Node.Name)>>11) / (1 << 53) }

func rendezvous(key, node string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(node))
	return mix(h.Sum64())
}

// mix spreads what differs in the last characters over all bits, as murmur3's
// finalizer does: FNV alone would put node-1 beside node-2.
func mix(x uint64) uint64 {
	x = (x ^ x>>33) * 0xff51afd7ed558ccd
	x = (x ^ x>>33) * 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

func tenths(v float64) float64 { return math.Round(10*clamp(v)) / 10 }
func clamp(v float64) float64  { return min(max(v, 0), 1) }
