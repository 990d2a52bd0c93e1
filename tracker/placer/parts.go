package placer

import (
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
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
