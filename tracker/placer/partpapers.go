package placer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

// paperParts are numbers and texts without names: there are many.
type paperParts struct {
	Digests []digest.Digest `json:"d"`
	Sizes   []int64         `json:"s"`
}

// load takes in what the common memory has, if that has changed.
func (l *partList) load(ctx context.Context, desk journal.Desk) error {
	latest, err := desk.Latest(ctx, journal.Parts)
	l.mu.Lock()
	same := latest == l.latest
	l.mu.Unlock()
	if err != nil || same {
		return err
	}
	all, latest, err := desk.Papers(ctx, journal.Parts)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latest = latest
	for _, paper := range all {
		d := digest.Digest(paper.Name)
		var p paperParts
		if json.Unmarshal(paper.Text, &p) != nil || len(p.Digests) != len(p.Sizes) || l.unsaved[d] {
			continue // it will be described again
		}
		k := &described{rev: paper.Rev}
		for i := range p.Digests {
			k.parts = append(k.parts, trackerapi.Part{Digest: p.Digests[i], Size: p.Sizes[i]})
		}
		l.known[d] = k
	}
	return nil
}

// save writes some of what is new, and takes away what nobody has any more.
func (l *partList) save(ctx context.Context, desk journal.Desk, there func() map[digest.Digest]bool) error {
	const some = 64 // of one step
	for _, d := range l.next(some) {
		l.mu.Lock()
		k := *l.known[d]
		l.mu.Unlock()
		var p paperParts
		for _, part := range k.parts {
			p.Digests, p.Sizes = append(p.Digests, part.Digest), append(p.Sizes, part.Size)
		}
		text, err := json.Marshal(p)
		if err != nil {
			return err
		}
		paper := journal.Paper{Kind: journal.Parts, Name: string(d), Rev: k.rev, Text: text}
		if paper.Check() != nil { // too large: it is known here alone
			l.saved(d, k.rev)
			continue
		}
		rev, err := desk.Put(ctx, paper)
		if errors.Is(err, journal.ErrConflict) {
			l.saved(d, k.rev) // another tracker has told the same
			continue
		}
		if err != nil {
			return err
		}
		l.saved(d, rev)
	}
	return l.tidy(ctx, desk, there)
}

func (l *partList) next(n int) []digest.Digest {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Sorted(maps.Keys(l.unsaved))
	return all[:min(n, len(all))]
}

func (l *partList) saved(d digest.Digest, rev int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.unsaved, d)
	if k := l.known[d]; k != nil {
		k.rev = rev
	}
}

// tidy forgets images that no node has, now and then.
func (l *partList) tidy(ctx context.Context, desk journal.Desk, there func() map[digest.Digest]bool) error {
	l.mu.Lock()
	gone := map[digest.Digest]int64{}
	if time.Since(l.tidiedAt) >= tidyPeriod {
		l.tidiedAt = time.Now()
		clear(l.asked)
		held := there()
		for d, k := range l.known {
			if !held[d] {
				gone[d] = k.rev
				delete(l.known, d)
				delete(l.unsaved, d)
			}
		}
	}
	l.mu.Unlock()
	for d, rev := range gone {
		err := desk.Drop(ctx, journal.Paper{Kind: journal.Parts, Name: string(d), Rev: rev})
		if err != nil && !errors.Is(err, journal.ErrConflict) {
			return err
		}
	}
	return nil
}
