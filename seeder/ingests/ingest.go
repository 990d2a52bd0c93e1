package ingests

import (
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// tellPause is the least time between two reports of how far an ingest is.
const tellPause = 250 * time.Millisecond

// ingest is one that is followed.
type ingest struct {
	digest  digest.Digest
	growing *store.Growing // closed by who follows it
	found   int64          // bytes that were there already

	mu     sync.Mutex
	parent string
	grew   bool // it was seen to
	read   bool // by a neighbour
	told   time.Time
	pace   pace
}

// from notes where it comes from now. There is something to tell when that
// changes for one that others know of.
func (in *ingest) from(node string) []trackerapi.Ingest {
	in.mu.Lock()
	changed := in.parent != node
	in.parent = node
	tell := changed && in.grew
	in.mu.Unlock()
	if !tell {
		return nil
	}
	return []trackerapi.Ingest{in.report(time.Now())}
}

func (in *ingest) shared() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.grew
}

// see notes that it grew, whether that was for the first time, and whether it is to
// be told. Of what comes from the origin it is, now and then: those who have it from
// here all wait for the next bytes, and nobody else can tell them that there were
// some.
func (in *ingest) see(now time.Time, offset int64) (first, tell bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	first = !in.grew
	in.grew = true
	in.pace = in.pace.next(now, offset)
	if tell = first || (in.read && in.parent == "" && now.Sub(in.told) >= tellPause); tell {
		in.told = now
	}
	return first, tell
}

// open notes that a neighbour reads it, if it is to be shared at all.
func (in *ingest) open() (shared bool) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.read = in.read || in.grew
	return in.grew
}

func (in *ingest) report(now time.Time) trackerapi.Ingest {
	in.mu.Lock()
	defer in.mu.Unlock()
	offset := in.growing.Offset()
	in.pace = in.pace.next(now, offset)
	return trackerapi.Ingest{
		Digest: in.digest,
		Offset: offset,
		Size:   in.growing.Size(),
		Parent: in.parent,
		Rate:   int64(in.pace.rate),
	}
}

// success is how the end of content is told that is in the store now. The
// announcement that it is held follows a little later.
func success(d digest.Digest, size int64, parent string) trackerapi.Ingest {
	return trackerapi.Ingest{Digest: d, Offset: size, Size: size, Parent: parent, Ended: true}
}

// failure has no offset: even if all bytes were there, there is nothing now.
func failure(d digest.Digest, size int64, parent string) trackerapi.Ingest {
	return trackerapi.Ingest{Digest: d, Size: size, Parent: parent, Ended: true}
}

// source is the node that it comes from; empty for the registry.
func (in *ingest) source() string {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.parent
}
