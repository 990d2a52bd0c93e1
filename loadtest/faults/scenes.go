package faults

import (
	"slices"
	"time"

	"github.com/drayproject/dray/loadtest/figures"
)

// scene is one kind of fault, played again and again on a site of its own.
type scene struct {
	name  string
	small int // blobs that nobody has asked for, a round
	play  func(s *site, r *Report)
	asker []string // flags of the seeder that asks
}

var scenes = []scene{
	{"killed", 1, killed, nil},
	{"layer", 0, layer, oneParent},
	{"first-byte", warmUp + 1, firstByte, nil},
	{"idle", 2 * series, idle, nil},
}

func names() []string {
	var all []string
	for _, s := range scenes {
		all = append(all, s.name)
	}
	return append(all, falseDeaths)
}

// warmUp is how many pulls make two nodes known to each other.
const warmUp = 3

// killed: the process of a holder is killed while nobody reads from it. Its
// kernel closes its connections.
func killed(s *site, r *Report) {
	victim := s.first()
	s.waitFirst(victim)
	began := time.Now()
	go victim.seeder.Kill()
	r.note("process killed → out of every tracker's answers", atMost(20), s.gone(victim, began))
	r.pulled(s.asker.pull(s.stock.fresh(), nil))
	<-victim.seeder.Ended()
	victim.start()
}

// layer: the holder that sends a large blob is unplugged when half of it is
// there. The asker's seeder is a new one, which bears nobody a grudge. It gets a
// blob from one holder at a time: otherwise the loss of one would be that of its
// bandwidth, too.
func layer(s *site, r *Report) {
	s.asker.restart()
	s.waitFirst(s.first())
	whole := s.asker.pull(s.stock.layer, nil)
	r.pulled(whole)
	before := s.sent()
	half, wait := s.asker.pulling(s.stock.layer, s.stock.size/2)
	<-half
	parent := s.busiest(before)
	began := time.Now()
	parent.host.Unplug()
	r.note("unplugged while someone reads from it → out of the answers", atMost(150), s.gone(parent, began))
	cut := wait()
	r.pulled(cut)
	r.note("the same layer without a fault", nil, whole.took)
	r.note("extra time of a layer whose parent is unplugged at half", atMost(150), cut.took-whole.took)
	r.note("the longest pause in it", nil, cut.pause)
	parent.host.Plug()
}

// sent is what each holder has sent so far, in bytes.
func (s *site) sent() map[*node]int64 {
	all := map[*node]int64{}
	for _, n := range s.holders {
		all[n] = n.host.Traffic().Sent
	}
	return all
}

// busiest is the holder that has sent most since then.
func (s *site) busiest(since map[*node]int64) *node {
	now := s.sent()
	return slices.MaxFunc(s.holders, func(a, b *node) int { return int(now[a] - since[a] - now[b] + since[b]) })
}

// firstByte: the holder that is named first is unplugged, and asked for
// something before any tracker can know.
func firstByte(s *site, r *Report) {
	s.asker.restart()
	s.waitFirst(s.first())
	usual := r.warm(s)
	s.first().host.Unplug()
	late := s.asker.pull(s.stock.fresh(), nil)
	s.first().host.Plug()
	r.pulled(late)
	r.note("first byte, all parents well", nil, usual)
	r.note("extra time to the first byte, first parent unplugged, before the verdict", atMost(25), late.firstByte-usual)
}

// warm lets the asker get to know its neighbours, and returns what a first byte
// usually takes.
func (r *Report) warm(s *site) time.Duration {
	var took []time.Duration
	for range warmUp {
		p := s.asker.pull(s.stock.fresh(), nil)
		r.pulled(p)
		took = append(took, p.firstByte)
	}
	return figures.Quantile(took, 0.5)
}

// deathPace is a little more than the time in which silence may condemn one node
// of a small fleet: a second one has to wait.
const deathPace = 10500 * time.Millisecond

// series is how many pulls stand for one state of the site: few values have no
// tail.
const series = 5

// idle: a holder is unplugged that nobody reads from. What is asked for after the
// verdict comes as soon as it did before.
func idle(s *site, r *Report) {
	<-time.After(time.Until(s.lastDeath.Add(deathPace)))
	s.waitFirst(s.first())
	const well, late = "first byte, all parents well", "first byte, first parent unplugged, after the verdict"
	r.firstBytes(s, well)
	began := time.Now()
	s.first().host.Unplug()
	r.note("unplugged and idle, heartbeat 1 s → out of the answers", atMost(3500), s.gone(s.first(), began))
	s.lastDeath = time.Now()
	r.firstBytes(s, late)
	s.first().host.Plug()
	// 0, as far as it can be told.
	r.differ("extra time to the first byte after the verdict: quantile less quantile", atMost(1), r.figure(late, "", nil), r.figure(well, "", nil))
}

// firstBytes pulls some blobs that nobody has asked for.
func (r *Report) firstBytes(s *site, name string) {
	for range series {
		p := s.asker.pull(s.stock.fresh(), nil)
		r.pulled(p)
		r.note(name, nil, p.firstByte)
	}
}
