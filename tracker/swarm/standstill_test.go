package swarm

import (
	"testing"
	"time"
)

// While a source goes on, somebody who has all that it has said to have is not sent
// to the origin: he has read on since then, or it is about to have more.
func TestWhoHasAllThatThereIsWaitsForMore(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, mega, 0, 0)
	s.wants(s.join(2), 1)
	s.reports(2, 1, 0, 1)
	s.wants(s.join(2, from(mega), last), 1) // his parent is his still
	s.wantsWait(s.join(3, from(mega)))      // he has none
	if got := s.join(3, from(mega), last); !got.Free {
		t.Errorf("got %+v", got)
	}
}

// A source that stands still is left, by one.
func TestASourceThatStandsStillIsOvertakenByOne(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, mega, mega, 0)
	s.join(2)
	s.reports(2, 1, 0, 1)
	s.join(3)
	s.reports(3, 1, 0, 2)
	s.now += 1499 * ms // Start
	s.wantsFirstIs(s.join(2, from(mega), last), 1)
	s.now += ms
	s.wantsLease(s.join(2, from(mega), last))
	if got := s.join(3, from(mega), last); got.Lease {
		t.Errorf("got %+v; one is enough", got)
	}
	s.reports(2, 2*mega, 0, 0)
	s.wantsFirstIs(s.join(3, from(mega), last), 2)
}

func (s *scene) wantsFirstIs(got Answer, parent uint32) {
	s.t.Helper()
	if len(got.Parents) == 0 || got.Parents[0].Node != parent || got.Lease {
		s.t.Fatalf("got %+v; want parent %d first", got, parent)
	}
}

// What the last of a line has is proof that the first goes on.
func TestASourceGoesOnIfItsLineDoes(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, mega, 0, 0)
	s.join(2)
	s.reports(2, 1, 0, 1)
	s.now += time.Second
	s.reports(2, 3*mega, 0, 1)
	s.now += time.Second
	s.wantsFirstIs(s.join(2, from(3*mega), last), 1)
	s.now += 3 * time.Second
	s.wantsLease(s.join(2, from(3*mega), last))
}

// A source that comes in steps is waited for as long as three of them took.
func TestASourceMayBeSlow(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, mega, 0, 0)
	s.join(2)
	s.now += 1400 * ms
	s.reports(1, 2*mega, 0, 0)
	s.reports(2, 2*mega, 0, 1)
	s.now += 4100 * ms
	s.wantsFirstIs(s.join(2, from(2*mega), last), 1)
	s.now += 100 * ms
	s.wantsLease(s.join(2, from(2*mega), last))
}

// The asker himself, what he avoids, and what is dead are no sources for him.
func TestWhoseSourceIsGoneIsSentToTheOrigin(t *testing.T) {
	for name, c := range map[string]struct {
		lose func(*scene)
		how  []func(*Ask)
	}{
		"he was it":       {lose: func(s *scene) { s.reports(2, mega, 0, 0); s.tree.Lose(1) }},
		"it is dead":      {lose: func(s *scene) { s.tree.Lose(1) }},
		"it is not used":  {lose: func(s *scene) { s.dead[1] = true }},
		"it failed him":   {lose: func(*scene) {}, how: []func(*Ask){avoiding(1)}},
		"its ingest ends": {lose: func(s *scene) { s.ends(1, mega) }},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t, Rules{})
			s.reports(1, mega, 0, 0)
			s.join(2)
			s.reports(2, mega, 0, 1)
			c.lose(s)
			s.wantsLease(s.join(2, append(c.how, from(mega))...))
		})
	}
}

// Who can't reach the source may have it from those who can.
func TestASourceThatSomebodyAvoidsGoesOnForOthers(t *testing.T) {
	s := newScene(t, Rules{Fanout: 2})
	s.reports(1, mega, 0, 0)
	for node := uint32(2); node <= 3; node++ {
		s.join(node)
		s.reports(node, mega, 0, 1)
	}
	s.wantsWait(s.join(2, from(mega), avoiding(1)))
	s.reports(3, 2*mega, 0, 1)
	s.wants(s.join(2, from(mega), avoiding(1)), 3)
}

// A report that a node has not what it never said to have is none against it.
func TestWhoIsAskedForTooMuchIsNotAtFault(t *testing.T) {
	s := newScene(t, Rules{})
	s.reports(1, 10*mega, 0, 0)
	s.tree.Miss(1, 10*mega)
	s.wants(s.join(2), 1)
	s.tree.Miss(1, 5*mega)
	s.wantsLease(s.join(3))
}
