package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/drayproject/dray/seeder/puller"
)

// tries is how often the last node may start over when the one that was killed
// turns out to have sent all that it was asked for.
const tries = 3

func (s *stage) aHolderDiesWhileItSends(ctx context.Context) error {
	s.act("a fourth node pulls, and the one that is sending is killed")
	for range tries {
		p, victim, err := s.interrupt(ctx)
		if err != nil {
			return err
		}
		if s.wasInterrupted(p, victim) {
			return s.finish(p)
		}
		if err := s.startOver(ctx, p.node, victim); err != nil {
			return err
		}
	}
	return fmt.Errorf("in %d tries no node was killed in the middle of what it was sending", tries)
}

// interrupt lets the last node pull, kills whoever sends it the big layer, and
// waits for the end of the pull. The victim is nil if it was too late.
func (s *stage) interrupt(ctx context.Context) (*pull, *node, error) {
	last := s.nodes[nodes-1]
	p := s.begin(ctx, last)
	victim, err := s.sender(ctx, p)
	if err != nil {
		return nil, nil, err
	}
	if victim != nil {
		victim.Kill()
		at := p.blob(s.big().Digest).Offset
		s.say(victim.name, s.red("killed")+" while it sends %s: %s has about %s of %s", s.layerName(s.big().Digest), last.name, size(at), size(s.big().Size))
	}
	if _, err := p.wait(); err != nil {
		return nil, nil, fmt.Errorf("%w; its log ends:\n%s", err, last.tail())
	}
	return p, victim, nil
}

// sender waits until one node, and it alone, is busy sending, while the layer
// that is left to pull is the big one. It is nil when the layer is complete
// before that.
func (s *stage) sender(ctx context.Context, p *pull) (*node, error) {
	before := s.sentBy(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.done:
			return nil, nil
		case <-time.After(20 * time.Millisecond):
		}
		now := s.sentBy(ctx)
		if n := onlySender(s.nodes[:nodes-1], before, now); n != nil && s.isHalfway(p) {
			return n, nil
		}
		before = now
	}
}

// sentBy is how many bytes each of the holders has sent so far.
func (s *stage) sentBy(ctx context.Context) map[*node]float64 {
	sent := map[*node]float64{}
	for _, n := range s.nodes[:nodes-1] {
		if v, err := n.metric(ctx, "dray_seeder_upload_bytes_total"); err == nil {
			sent[n] = v
		}
	}
	return sent
}

// onlySender is the node that has sent something in between, if there is
// exactly one.
func onlySender(all []*node, before, now map[*node]float64) *node {
	var found *node
	for _, n := range all {
		if now[n] > before[n] {
			if found != nil {
				return nil
			}
			found = n
		}
	}
	return found
}

// isHalfway: the big layer is well under way, and the others are done.
func (s *stage) isHalfway(p *pull) bool {
	for _, l := range s.img.Layers() {
		b := p.blob(l.Digest)
		if l.Digest == s.big().Digest {
			if b.Offset < l.Size/8 || b.Offset > l.Size*3/4 {
				return false
			}
		} else if b.Offset < l.Size {
			return false
		}
	}
	return true
}

// wasInterrupted: the victim has sent some of the big layer, and others the
// rest.
func (s *stage) wasInterrupted(p *pull, victim *node) bool {
	if victim == nil {
		return false
	}
	var sent int64
	var others []puller.Source
	for _, src := range p.blob(s.big().Digest).Sources {
		if src.Node == victim.name {
			sent = src.Bytes
		} else {
			others = append(others, src)
		}
	}
	if sent == 0 || len(others) == 0 {
		return false
	}
	s.report.Victim, s.report.VictimSent = victim.name, sent
	s.say(p.node.name, "had %s of %s from %s, and took the rest from %s", size(sent), s.layerName(s.big().Digest), victim.name, from(others))
	return true
}

// startOver brings the victim back and gives the last node an empty store.
func (s *stage) startOver(ctx context.Context, last, victim *node) error {
	s.say("demo", "nobody was killed in the middle of anything: once more")
	for i, n := range s.nodes {
		if n != last && n != victim {
			continue
		}
		n.Kill()
		if n == last {
			if err := n.wipe(); err != nil {
				return err
			}
		}
		again, err := s.startNode(ctx, n.name)
		if err != nil {
			return err
		}
		s.nodes[i] = again
	}
	return s.known(ctx, nodes-1)
}
