package swarm

import (
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	ms   = time.Millisecond
	mega = 1 << 20
	size = 256 * mega
)

// scene is a tree with its nodes, whose zone is "z" unless zones has another.
type scene struct {
	t     testing.TB
	tree  *Tree
	books *Ledger
	now   time.Duration

	zones map[uint32]string
	whole []uint32
	bad   map[uint32]Candidate // what is not well; the node itself is filled in
	dead  map[uint32]bool
}

func newScene(t testing.TB, rules Rules) *scene {
	s := &scene{t: t, now: time.Second, books: &Ledger{}, zones: map[uint32]string{}, bad: map[uint32]Candidate{}, dead: map[uint32]bool{}}
	rules.Start, rules.Wait = 1500*ms, time.Second
	s.tree = NewTree(&rules, s.books)
	return s
}

func (s *scene) zone(node uint32) string {
	if z, known := s.zones[node]; known {
		return z
	}
	return "z"
}

type eyes struct {
	*scene
	zone string
	self uint32
}

func (e eyes) Look(node uint32) (Candidate, bool) {
	c := e.bad[node]
	c.Ordinal, c.Near = node, e.scene.zone(node) == e.zone
	c.Node = &trackerapi.Node{Zone: e.scene.zone(node)}
	return c, !e.dead[node]
}

func (e eyes) Whole() (all []Candidate) {
	for _, node := range e.whole {
		if c, usable := e.Look(node); usable && node != e.self {
			all = append(all, c)
		}
	}
	return all
}

func (s *scene) ask(node uint32) *Waiter {
	return &Waiter{Ask: Ask{Node: node, Zone: s.zone(node), Since: s.now, World: eyes{s, s.zone(node), node}}}
}

// join asks once, and says whom the asker is sent to.
func (s *scene) join(node uint32, how ...func(*Ask)) Answer {
	w := s.ask(node)
	for _, h := range how {
		h(&w.Ask)
	}
	return s.tree.Join(&w.Ask, s.now)
}

func last(a *Ask)                         { a.Last = true }
func from(offset int64) func(*Ask)        { return func(a *Ask) { a.Offset = offset } }
func avoiding(nodes ...uint32) func(*Ask) { return func(a *Ask) { a.Avoid = nodes } }

// reports tells of a node's progress; a parent of 0 is the origin.
func (s *scene) reports(node uint32, offset, rate int64, parent uint32) {
	s.tree.Progress(Step{Node: node, Zone: s.zone(node), Offset: offset, Size: size, Rate: rate, Parent: parent, HasParent: parent != 0}, s.now)
}

func (s *scene) ends(node uint32, offset int64) {
	s.tree.Progress(Step{Node: node, Zone: s.zone(node), Offset: offset, Size: size, Ended: true}, s.now)
}

func (s *scene) admit() map[uint32]Answer {
	got := map[uint32]Answer{}
	s.tree.Admit(s.now, func(w *Waiter, ans Answer) { got[w.Node] = ans })
	return got
}

func (s *scene) wants(got Answer, parents ...uint32) {
	s.t.Helper()
	var nodes []uint32
	for _, p := range got.Parents {
		nodes = append(nodes, p.Node)
	}
	if !slices.Equal(nodes, parents) || got.Lease || got.Free {
		s.t.Fatalf("got %+v; want parents %v", got, parents)
	}
}

// wantsFirst does not look at those whom the asker may turn to later.
func (s *scene) wantsFirst(got Answer, parent uint32) {
	s.t.Helper()
	if len(got.Parents) < 3 {
		s.t.Fatalf("got %+v; want three", got)
	}
	got.Parents = got.Parents[:1]
	s.wants(got, parent)
}

func (s *scene) wantsLease(got Answer) {
	s.t.Helper()
	if !got.Lease || got.Free || len(got.Parents) > 0 {
		s.t.Fatalf("got %+v; want the lease", got)
	}
}

func (s *scene) wantsWait(got Answer) {
	s.t.Helper()
	if !got.Empty() {
		s.t.Fatalf("got %+v; want to wait", got)
	}
}

func TestTheFirstGetsTheLeaseAndTheOthersWait(t *testing.T) {
	s := newScene(t, Rules{})
	s.wantsLease(s.join(1))
	s.wantsWait(s.join(2))
	s.wantsLease(s.join(1)) // it may ask again
	if got := s.join(3, last); !got.Free {
		t.Fatalf("got %+v; who will not wait is free", got)
	}
}

func TestAnEmptyTreeIsIdle(t *testing.T) {
	s := newScene(t, Rules{})
	if s.join(1); s.tree.Idle() {
		t.Fatal("idle, but there is a lease")
	}
	if s.reports(1, 5, 0, 0); s.tree.Idle() {
		t.Fatal("idle, but somebody is on its way")
	}
	s.ends(1, size)
	s.tree.Held(1)
	if s.join(2, last); !s.tree.Idle() && len(s.tree.leases) != 1 {
		t.Fatal("something is left")
	}
	s.tree.Lose(2)
	if !s.tree.Idle() || len(s.books.origins) > 0 {
		t.Fatalf("left: %+v %+v", s.tree, s.books)
	}
}

func TestTheFirstByteAnswersAndEachWhoHasOneTakesTheNext(t *testing.T) {
	s := newScene(t, Rules{})
	s.join(1)
	for node := uint32(2); node <= 4; node++ {
		s.tree.Wait(s.ask(node))
	}
	if got := s.admit(); len(got) > 0 {
		t.Fatalf("answered before there was a byte: %v", got)
	}
	for node := uint32(1); node <= 3; node++ { // a line: nothing is known of the links
		s.reports(node, int64(10-node), 0, node-1)
		got := s.admit()
		if len(got) != 1 || got[node+1].Parents[0].Node != node {
			t.Fatalf("when %d has a byte: %v", node, got)
		}
		if p := got[node+1].Parents[0]; !p.Partial || p.Depth != int(node-1) {
			t.Fatalf("%+v", p)
		}
	}
	if s.tree.waiting != 0 {
		t.Fatalf("%d wait", s.tree.waiting)
	}
}

func TestALeaseThatIsNotUsedPassesOn(t *testing.T) {
	for name, fail := range map[string]func(*scene){
		"no byte in time": func(s *scene) { s.now += 1500 * ms; s.tree.Expire(s.now) },
		"it failed":       func(s *scene) { s.ends(1, 0) },
		"it is dead":      func(s *scene) { s.tree.Lose(1) },
		"dead midway":     func(s *scene) { s.reports(1, 7, 0, 0); s.tree.Lose(1) },
		"ended midway":    func(s *scene) { s.reports(1, 7, 0, 0); s.ends(1, 7) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, Rules{})
			s.join(1)
			s.tree.Wait(s.ask(2))
			s.tree.Wait(s.ask(3))
			fail(s)
			got := s.admit()
			if len(got) != 1 || !got[2].Lease {
				t.Fatalf("got %v", got)
			}
			s.reports(2, 1, 0, 0)
			if got := s.admit(); len(got[3].Parents) != 1 {
				t.Fatalf("got %v", got)
			}
		})
	}
}

// Another tracker has given the lease, and this one has heard of it.
func TestWhoSaysThatItGoesToTheOriginIsWaitedFor(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 0, 0, 0)
	s.wantsWait(s.join(2))
	s.reports(3, 0, 0, 0) // it was let go: the lease stays where it is
	s.wantsLease(s.join(1))
	s.reports(1, mega, 0, 0)
	s.wants(s.join(2), 1)
}

func TestWhoSaidThatItGoesToTheOriginAndDoesNotIsWaitedForNoLonger(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 0, 0, 0)
	s.now += 1500 * ms // Start
	s.tree.Expire(s.now)
	s.wantsLease(s.join(2))
}

func TestALeaseThatStartedIsNotLost(t *testing.T) {
	s := newScene(t, Rules{})
	s.join(1)
	s.reports(1, 1, 0, 0)
	s.now += time.Minute
	s.tree.Expire(s.now)
	s.wants(s.join(2), 1)
}

func TestWhoeverIsLetGoBecomesAParent(t *testing.T) {
	s := newScene(t, Rules{})
	s.join(1)
	s.join(2, last)
	s.reports(2, 1, 0, 0) // faster than the holder of the lease
	s.wants(s.join(3), 2)
}

func TestAWholeHolderOfWhichSevenWantTheBlobServesALine(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{9}
	s.wants(s.join(1), 9)
	s.wantsWait(s.join(2))
	s.reports(1, 1, 0, 9)
	s.wants(s.join(2), 1, 9)
	s.reports(2, 1, 0, 1)
	s.wantsFirst(s.join(3), 2)
	s.wantsFirst(s.join(4, last), 2) // no place, and no time: where it costs the fewest something
}

func TestWholeHoldersShareTheChildren(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{7, 8, 9}
	s.wants(s.join(1), 7, 8, 9)
	s.wants(s.join(2), 8, 9, 7)
	s.wants(s.join(3), 9, 7, 8)
	if s.books.places(7) != 1 || s.books.places(8) != 1 || s.books.places(9) != 1 {
		t.Fatal("a place is missing")
	}
}

func TestAPlaceThatNobodyComesToIsFreeAgain(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{9}
	s.join(1)
	s.now += holdTime - 1
	s.tree.Expire(s.now)
	s.wantsWait(s.join(2))
	s.now++
	s.tree.Expire(s.now)
	s.wants(s.join(2), 9)
}

func TestWhoAsksAgainKeepsItsParent(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{8, 9}
	s.wants(s.join(1), 8, 9)
	s.wants(s.join(1), 8, 9)
	s.wants(s.join(1, avoiding(8)), 9)
	s.wants(s.join(1), 9, 8)
	if s.books.places(8) != 0 || s.books.places(9) != 1 {
		t.Fatal("the old place is still taken")
	}
}

func TestOnlyWhoIsAheadIsAParent(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 10*mega, 0, 0)
	s.reports(2, 20*mega, 0, 0)
	s.reports(3, 30*mega, 0, 0)
	s.wants(s.join(4, from(15*mega)), 2, 3)
	s.wantsWait(s.join(5, from(30*mega))) // for a moment, one of them may have more
	s.now += 1500 * ms
	s.wantsLease(s.join(5, from(30*mega)))
	s.wantsWait(s.join(6, from(40*mega)))
}

func TestWhatWasSaidIsTakenFurther(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 10*mega, 10*mega, 0)
	s.now += time.Second
	s.wants(s.join(2, from(19*mega)), 1)
	s.wantsWait(s.join(3, from(21*mega)))
	s.now += time.Minute
	s.wantsLease(s.join(4, from(31*mega))) // a rate is not good for ever
}

func TestTheDescendantsOfTheAskerAreNoParents(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 50*mega, 0, 0)
	s.reports(2, 40*mega, 0, 1)
	s.reports(3, 60*mega, 0, 2) // it was elsewhere before
	s.tree.Lose(1)
	s.wantsLease(s.join(2, from(40*mega)))
	s.reports(4, 1*mega, 0, 0)
	s.wants(s.join(4, from(1*mega)), 3, 2)
}

func TestSuspectsAndTheBusyComeLastAndDoCome(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{6, 7, 8, 9}
	s.bad[6], s.bad[7], s.bad[8] = Candidate{Suspect: true}, Candidate{Busy: true}, Candidate{Degraded: true}
	s.wants(s.join(1), 9, 7, 8, 6)
	s.dead[9] = true
	s.wants(s.join(2), 7, 8, 6)
	s.dead[7], s.dead[8] = true, true
	s.wants(s.join(3), 6)
}

func TestTheStableAreFirstAmongEquals(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{7, 8, 9}
	s.bad[8], s.bad[9] = Candidate{Stability: 0.3}, Candidate{Stability: 1}
	s.wants(s.join(1), 9, 8, 7)
}

func TestABlobCrossesIntoAZoneOnce(t *testing.T) {
	s := newScene(t, Rules{Fanout: 4})
	s.zones = map[uint32]string{4: "y", 5: "y", 6: "y"}
	s.reports(1, mega, 0, 0)
	s.wants(s.join(4), 1)
	s.wantsWait(s.join(5))
	s.reports(4, 1, 0, 1)
	s.wants(s.join(5), 4, 1)
	s.tree.Lose(4)
	s.tree.Lose(5)
	s.wants(s.join(6), 1)
}

func TestNobodyWaitsForHisZoneForLong(t *testing.T) {
	s := newScene(t, Rules{Fanout: 4})
	s.zones = map[uint32]string{4: "y", 5: "y"}
	s.reports(1, mega, 0, 0)
	s.join(4)
	w := s.ask(5)
	s.wantsWait(s.tree.Join(&w.Ask, s.now))
	s.now += farTime
	s.wants(s.tree.Join(&w.Ask, s.now), 1)
}

func TestNobodyWaitsForOneHeHadTroubleWith(t *testing.T) {
	s := newScene(t, Rules{Fanout: 1})
	s.zones = map[uint32]string{5: "y", 2: "y"}
	s.whole = []uint32{1, 2}
	s.bad[2] = Candidate{Suspect: true}
	s.wants(s.join(5), 1, 2)
}

func TestALeaseForEachZone(t *testing.T) {
	s := newScene(t, Rules{PerZone: true})
	s.zones = map[uint32]string{4: "y", 5: "y"}
	s.wantsLease(s.join(1))
	s.reports(1, mega, 0, 0)
	s.wantsLease(s.join(4))
	s.wantsWait(s.join(5))
	s.reports(4, 1, 0, 0)
	s.wants(s.join(5), 4, 1)
	s.whole = []uint32{1} // what is whole somewhere is not asked of the origin
	s.zones[6] = "x"
	s.wants(s.join(6), 1, 4)
}

func TestALeaseCountsForItsRegistryAsLongAsItStreams(t *testing.T) {
	s := newScene(t, Rules{PerRegistry: 1})
	other := newScene(t, Rules{PerRegistry: 1})
	other.tree.ledger = s.books
	hub := func(a *Ask) { a.Registry = "docker.io" }
	s.wantsLease(s.join(1, hub))
	s.reports(1, mega, 0, 0)
	other.wantsWait(other.join(1, hub))
	other.wantsLease(other.join(2)) // of another registry
	other.tree.Lose(2)
	s.ends(1, size)
	other.wantsLease(other.join(1, hub))
}

func TestTheFanoutIsWhatLinksWereSeenToCarry(t *testing.T) {
	const mbit = 1_000_000 / 8
	for name, c := range map[string]struct {
		up, in int64
		others int
		size   int64
		want   int
	}{
		"unknown":             {want: 1},
		"unknown, many come":  {others: 30, want: 2},
		"bound by the link":   {up: 100 * mbit, in: 99 * mbit, want: 1},
		"bound by the intake": {up: 99 * mbit, in: 25 * mbit, want: 4},
		"beyond all measure":  {up: 9999 * mbit, in: mbit, want: maxFanout},
		"intake unknown":      {up: 100 * mbit, want: 1},
		"a tiny blob":         {size: 5000, want: maxFanout},
		"a small blob":        {size: 60_000, want: 4},
		"on a quick link":     {size: 200_000, up: 400 * mbit, in: 400 * mbit, want: 5},
		"not so small a blob": {size: mega, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, Rules{})
			s.tree.size = max(c.size, 0)
			for i := range c.others {
				s.tree.add(uint32(100+i), "z", seated)
			}
			s.books.Note(1, c.up, c.in, s.now)
			if got := s.tree.fanout(1, s.now); got != c.want {
				t.Fatalf("%d children; want %d", got, c.want)
			}
		})
	}
}

func TestWhatWasMeasuredIsForgotten(t *testing.T) {
	var l Ledger
	l.Note(1, 400, 100, 0)
	l.Note(1, 50, 20, time.Second) // an idle moment
	if got := l.fanout(1, time.Second); got != 4 {
		t.Fatalf("%d; a peak has to be remembered for a while", got)
	}
	l.Note(1, 300, 100, 10*halfLife)
	if got := l.fanout(1, 10*halfLife); got != 3 {
		t.Fatalf("%d; what is old has to give way", got)
	}
}

func TestTheSlowAreOvertaken(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 100*mega, 1*mega, 0)
	s.reports(2, 10*mega, 20*mega, 0)
	s.reports(3, 9*mega, 20*mega, 0)
	s.wants(s.join(4), 3, 2, 1)
	s.join(5)
	s.wantsWait(s.join(6)) // for a better place than with the slow one
	s.wants(s.join(6, last), 3, 2, 1)
}

func TestOneThatHasJustFinishedIsAHolderForAMoment(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, mega, 0, 0)
	s.ends(1, size)
	s.wants(s.join(2, from(2*mega)), 1)
	s.now += holdTime
	s.tree.Expire(s.now)
	s.wantsLease(s.join(3, from(2*mega)))
}

func TestAChildStaysWithAParentThatHasBecomeWhole(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, mega, 0, 0)
	s.wants(s.join(2), 1)
	s.reports(2, 5, 0, 1)
	s.tree.Held(1)
	s.whole = []uint32{1}
	s.wants(s.join(3), 2, 1) // 1 still sends
	if s.books.places(1) != 1 {
		t.Fatal("a place was lost")
	}
	s.tree.Held(2)
	if s.books.places(1) != 0 {
		t.Fatal("a place is left")
	}
}

func TestAHeartbeatThatIsOlderThanAPlaceDoesNotTakeItBack(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 9, 0, 0)
	s.reports(2, 9, 0, 0)
	s.reports(3, 5, 0, 1)
	s.wants(s.join(3, from(6), avoiding(1)), 2)
	s.tree.Progress(Step{Node: 3, Zone: "z", Offset: 6, Parent: 1, HasParent: true, Late: true}, s.now)
	if s.books.places(2) != 1 || s.books.places(1) != 0 {
		t.Fatal("an old heartbeat moved the child")
	}
	s.now += holdTime
	s.tree.Progress(Step{Node: 3, Zone: "z", Offset: 6, Parent: 1, HasParent: true, Late: true}, s.now)
	if s.books.places(1) != 1 {
		t.Fatal("it insists, and is not believed")
	}
}

func TestWhatIsNotListedIsOver(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 9, 0, 0)
	s.tree.Missing(1, s.now) // the list was made before the progress
	if s.tree.Idle() {
		t.Fatal("gone at once")
	}
	s.now += holdTime
	if s.tree.Missing(1, s.now); !s.tree.Idle() {
		t.Fatal("still there")
	}
}

func TestWhoDiesWaitingGetsNoLease(t *testing.T) {
	s := newScene(t, Rules{})
	s.join(1)
	s.tree.Wait(s.ask(2))
	s.tree.Wait(s.ask(3))
	s.tree.Lose(2)
	s.tree.Lose(1)
	if got := s.admit(); len(got) != 2 || !got[2].Free || !got[3].Lease {
		t.Fatalf("got %v", got)
	}
}

func TestALeaseIsOverWhenItsHolderHasFoundAParent(t *testing.T) {
	s := newScene(t, Rules{})
	s.join(1)
	s.join(2, last)
	s.reports(2, mega, 0, 0)
	s.wants(s.join(1), 2)
	if len(s.tree.leases) > 0 || len(s.tree.streams) > 0 {
		t.Fatalf("leases %v, streams %v", s.tree.leases, s.tree.streams)
	}
}

func TestChildrenOfOneParentTurnToDifferentOnes(t *testing.T) {
	alike := func() []place {
		var all []place
		for node := range uint32(4) {
			all = append(all, place{Candidate: Candidate{Ordinal: node}, whole: true})
		}
		all[3].full = true
		return all
	}
	for sibling, want := range [][]uint32{{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 1, 2, 3}} {
		var got []uint32
		for _, p := range answerOf(alike(), 0, sibling).Parents {
			got = append(got, p.Node)
		}
		if !slices.Equal(got, want) {
			t.Errorf("child %d: %v; want %v", sibling, got, want)
		}
	}
}

func TestTheOrderOfPlaces(t *testing.T) {
	at := func(change func(*place)) place {
		p := place{Candidate: Candidate{Near: true, Stability: 1}, load: 1, at: 10}
		change(&p)
		return p
	}
	inOrder := []place{
		at(func(p *place) { p.kept, p.full, p.load = true, true, 9 }),
		at(func(p *place) { p.load = 0 }),
		at(func(p *place) { p.whole, p.at = true, 99 }),
		at(func(*place) {}),
		at(func(p *place) { p.Stability = 0 }),
		at(func(p *place) { p.at = 20 }),
		at(func(p *place) { p.load = 2 }),
		at(func(p *place) { p.deep, p.load = true, 0 }),
		at(func(p *place) { p.Near, p.load = false, 0 }),
		at(func(p *place) { p.full = true }),
		at(func(p *place) { p.full, p.whole, p.at = true, true, 99 }),
		at(func(p *place) { p.full, p.Near = true, false }),
		at(func(p *place) { p.slow, p.load = true, 0 }),
		at(func(p *place) { p.Busy, p.load = true, 0 }),
		at(func(p *place) { p.Suspect, p.kept, p.load = true, true, 0 }),
	}
	for i := range inOrder {
		for j := range inOrder {
			if got := compare(inOrder[i], inOrder[j]); (got < 0) != (i < j) || (got == 0) != (i == j) {
				t.Errorf("%d before %d: %d", i, j, got)
			}
		}
	}
}

func TestTheLoadIsWhatIsKnownAndWhatIsPromised(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{7, 8, 9}
	s.bad[8] = Candidate{Uploads: 3} // of other digests, or by another tracker's leave
	s.books.of(7).places = 2
	s.wants(s.join(1), 9, 7, 8)
}

func TestSomebodyFarIsFoundAmongMany(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 100*mega, 0, 0)
	for node := uint32(1000); node < 1000+2*looks; node++ {
		s.reports(node, 1, 0, 0)
	}
	s.wants(s.join(2, from(50*mega)), 1)
}

func TestANodeThatIsGoneHasNoPast(t *testing.T) {
	var l Ledger
	l.Note(1, 400, 100, 0)
	l.Forget(1)
	if l.fanout(1, 0) != 0 {
		t.Fatal("it comes back with another's link")
	}
}

func TestWhoIsBehindASlowParentIsToldOnceItHasCaughtUp(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(*scene)
		want    bool
	}{
		"caught up":           {func(*scene) {}, true},
		"just placed":         {func(s *scene) { s.join(3, from(10*mega), avoiding(2)); s.reports(3, 11*mega, mega, 2) }, false},
		"far behind":          {func(s *scene) { s.reports(2, 60*mega, mega, 0) }, false},
		"not so slow":         {func(s *scene) { s.reports(2, 10*mega, 8*mega, 0) }, false},
		"from the origin":     {func(s *scene) { s.reports(3, 10*mega, mega, 0) }, false},
		"parent is whole now": {func(s *scene) { s.tree.Held(2) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, Rules{})
			s.reports(1, 20*mega, 20*mega, 0)
			s.reports(2, 10*mega, mega, 0)
			s.reports(3, 9*mega, mega, 2)
			s.now += movePause
			s.reports(2, 12*mega, mega, 0)
			s.reports(3, 12*mega-1, mega, 2)
			c.prepare(s)
			if got := s.tree.Stuck(3, s.now); got != c.want {
				t.Fatalf("stuck: %v", got)
			}
		})
	}
}

func TestWhoIsStuckMovesOnlyToAFreePlace(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 100*mega, 20*mega, 0)
	s.reports(2, 10*mega, mega, 0)
	s.reports(3, 9*mega, mega, 2)
	s.reports(4, 50*mega, 20*mega, 1)
	s.reports(5, 40*mega, 20*mega, 4)
	s.reports(6, 30*mega, 20*mega, 5)
	s.reports(7, 8*mega, 20*mega, 6) // free, and behind
	s.now += 200 * ms
	if got := s.join(3, from(9*mega)); got.Parents[0].Node != 2 {
		t.Fatalf("got %+v; 7 may be ahead by now, or may not", got)
	}
	s.reports(7, 20*mega, 20*mega, 6)
	if got := s.join(3, from(9*mega)); got.Parents[0].Node != 7 {
		t.Fatalf("got %+v", got)
	}
}

func TestTheAskerMayKnowThatItIsSmall(t *testing.T) {
	s := newScene(t, Rules{})
	s.whole = []uint32{99}
	for node := uint32(1); node <= maxFanout; node++ {
		s.wants(s.join(node, func(a *Ask) { a.Size = 2000 }), 99)
	}
	s.wantsWait(s.join(30))
}

func TestParentsTakeMoreBeforeWaitsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		waited time.Duration
		want   int
	}{"at first": {700 * ms, 1}, "late": {750 * ms, 2}, "at last": {875 * ms, 4}} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, Rules{})
			s.join(1)
			for node := uint32(2); node < 12; node++ {
				s.tree.Wait(s.ask(node))
			}
			s.now += c.waited
			s.reports(1, 1, 0, 0)
			if got := s.admit(); len(got) != c.want {
				t.Fatalf("%d are admitted; want %d", len(got), c.want)
			}
		})
	}
}
