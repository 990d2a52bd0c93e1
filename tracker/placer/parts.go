package placer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

const (
	maxDescribed = 20_000 // images whose parts are kept
	perMessage   = 8      // images that one answer asks for
	askAgain     = 20 * time.Second
	tidyPeriod   = 10 * time.Minute
)

// partList knows what images consist of, as nodes have described them. A digest
// has always the same parts, of which a node may have told fewer than there are,
// if it has only its own platform's.
type partList struct {
	mu       sync.Mutex
	known    map[digest.Digest]*described
	unsaved  map[digest.Digest]bool
	asked    map[digest.Digest]time.Time
	latest   int64
	tidiedAt time.Time
}

type described struct {
	rev   int64
	parts []trackerapi.Part
}

func newPartList() *partList {
	return &partList{known: map[digest.Digest]*described{}, unsaved: map[digest.Digest]bool{}, asked: map[digest.Digest]time.Time{}, tidiedAt: time.Now()}
}

// of are the parts of an image, or nil.
func (l *partList) of(d digest.Digest) []trackerapi.Part {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k := l.known[d]; k != nil {
		return k.parts
	}
	return nil
}

// add takes in descriptions. The one with more parts counts.
func (l *partList) add(all []trackerapi.Description) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range all {
		d := &all[i]
		k := l.known[d.Digest]
		if len(d.Parts) == 0 || (k == nil && len(l.known) >= maxDescribed) || (k != nil && len(k.parts) >= len(d.Parts)) {
			continue
		}
		if k == nil {
			k = new(described)
			l.known[d.Digest] = k
		}
		k.parts = slices.Clone(d.Parts)
		l.unsaved[d.Digest] = true
	}
}

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

// missing are those of a node's images that it should describe. Each is asked of
// one node at a time.
func (l *partList) missing(images []trackerapi.Image) (all []trackerapi.Image) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, image := range images {
		if len(all) == perMessage || len(l.known) >= maxDescribed {
			break
		}
		if l.known[image.Digest] != nil || now.Sub(l.asked[image.Digest]) < askAgain {
			continue
		}
		l.asked[image.Digest] = now
		all = append(all, image)
	}
	return all
}
