package ingests

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// Feed takes what containerd is being sent of d, from offset on, before it is in
// the ingest's file. It is nil when there are too many, or one for d already. The
// caller closes it; what is in it can be read until the ingest is over.
func (i *Ingests) Feed(d digest.Digest, offset, size int64) *store.Feed {
	i.mu.Lock()
	defer i.mu.Unlock()
	if old := i.feeds[d]; len(i.feeds) >= maxFeeds || old != nil && !old.Closed() {
		return nil
	}
	f := store.NewFeed(offset, size)
	i.feeds[d] = f
	if in := i.followed[d]; in != nil {
		in.growing.Attach(f)
	}
	return f
}

// dropFeeds lets go of those that have ended and belong to no ingest: it is over,
// or was so before it was found.
func (i *Ingests) dropFeeds() {
	i.mu.Lock()
	defer i.mu.Unlock()
	for d, f := range i.feeds {
		if i.followed[d] == nil && f.Closed() {
			delete(i.feeds, d)
		}
	}
}
