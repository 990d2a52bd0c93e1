package journal

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"
)

// Local is the memory of papers and claims within one process, for a tracker
// that has no other: it ends with the process.
type Local struct {
	mu     sync.Mutex
	papers map[Kind]map[string]Paper // by name
	latest map[Kind]int64
	claim  Claim
	until  time.Time
}

// NewLocal makes an empty one.
func NewLocal() *Local { return &Local{papers: map[Kind]map[string]Paper{}, latest: map[Kind]int64{}} }

// Desk is the hold of the tracker with that ID on it.
func (l *Local) Desk(id string) Desk { return localDesk{l, id} }

type localDesk struct {
	*Local
	id string
}

// Papers implements [Papers].
func (l localDesk) Papers(_ context.Context, k Kind) ([]Paper, int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := make([]Paper, 0, len(l.papers[k]))
	for _, p := range l.papers[k] {
		p.Text = bytes.Clone(p.Text)
		all = append(all, p)
	}
	return all, l.latest[k], nil
}

// Latest implements [Papers].
func (l localDesk) Latest(_ context.Context, k Kind) (int64, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.latest[k], nil
}

// Put implements [Papers].
func (l localDesk) Put(_ context.Context, p Paper) (int64, error) {
	if err := p.Check(); err != nil {
		return 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.match(p); err != nil {
		return 0, err
	}
	l.latest[p.Kind]++
	p.Rev, p.Text = l.latest[p.Kind], bytes.Clone(p.Text)
	if l.papers[p.Kind] == nil {
		l.papers[p.Kind] = map[string]Paper{}
	}
	l.papers[p.Kind][p.Name] = p
	return p.Rev, nil
}

// Drop implements [Papers].
func (l localDesk) Drop(_ context.Context, p Paper) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.match(p); err != nil || p.Rev == 0 {
		return err
	}
	l.latest[p.Kind]++
	delete(l.papers[p.Kind], p.Name)
	return nil
}

// match: a paper that is not there has the revision 0.
func (l *Local) match(p Paper) error {
	if there := l.papers[p.Kind][p.Name].Rev; there != p.Rev {
		return fmt.Errorf("%s %s: %w", p.Kind, p.Name, ErrConflict)
	}
	return nil
}

// Claim implements [Claims].
func (l localDesk) Claim(_ context.Context, hold time.Duration) (Claim, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if l.claim.Holder != l.id {
		if l.claim.Holder != "" && now.Before(l.until) {
			return l.claim, nil
		}
		l.claim = Claim{l.id, l.claim.Term + 1}
	}
	l.until = now.Add(hold)
	return l.claim, nil
}

// Resign implements [Claims].
func (l localDesk) Resign(context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.claim.Holder == l.id {
		l.claim.Holder = ""
	}
	return nil
}
