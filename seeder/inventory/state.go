package inventory

import (
	"maps"
	"slices"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// state is what is announced, and how it came about. Only what really changes
// it gets into the log.
type state struct {
	digests map[digest.Digest]struct{}
	images  map[string]store.Image
	hash    trackerapi.SetHash
	log     changes
}

func newState(logSize int) *state {
	return &state{
		digests: map[digest.Digest]struct{}{},
		images:  map[string]store.Image{},
		log:     newChanges(logSize),
	}
}

func (s *state) has(d digest.Digest) bool {
	_, ok := s.digests[d]
	return ok
}

func (s *state) add(d digest.Digest) {
	if s.has(d) {
		return
	}
	s.digests[d] = struct{}{}
	s.hash.Digest(d)
	s.log.append(added, string(d))
}

func (s *state) remove(d digest.Digest) {
	if !s.has(d) {
		return
	}
	delete(s.digests, d)
	s.hash.Digest(d)
	s.log.append(removed, string(d))
}

// setImage takes a new date of the same digest without a change: the date is
// not worth an announcement.
func (s *state) setImage(i store.Image) {
	old, known := s.images[i.Name]
	s.images[i.Name] = i
	if known && old.Digest == i.Digest {
		return
	}
	k := imageNew
	if known {
		s.hash.Image(trackerapi.Image(old))
		k = imageMoved
	}
	s.hash.Image(trackerapi.Image(i))
	s.log.append(k, i.Name)
}

func (s *state) dropImage(name string) {
	old, known := s.images[name]
	if !known {
		return
	}
	delete(s.images, name)
	s.hash.Image(trackerapi.Image(old))
	s.log.append(imageGone, name)
}

func (s *state) snapshot() Snapshot {
	snap := Snapshot{Seq: s.log.seq, Hash: s.hash, Digests: slices.Collect(maps.Keys(s.digests))}
	for _, i := range s.images {
		snap.Images = append(snap.Images, trackerapi.Image(i))
	}
	return snap
}

// delta compares the state at seq with that of now. What a digest or name was
// at seq, the first change since then tells.
func (s *state) delta(seq uint64) (Delta, bool) {
	log, ok := s.log.since(seq)
	if !ok {
		return Delta{}, false
	}
	d := Delta{From: seq, Seq: s.log.seq, Hash: s.hash}
	seen := map[string]bool{} // digests and names are never alike, see announced
	checked := map[string]bool{}
	for c := range log {
		switch {
		case c.kind == verified:
			d.verified(s, checked, digest.Digest(c.key))
		case seen[c.key]:
		case c.kind == added || c.kind == removed:
			d.digest(s, digest.Digest(c.key), c.kind == removed)
		default:
			d.image(s, c.key, c.kind != imageNew)
		}
		if c.kind != verified {
			seen[c.key] = true
		}
	}
	return d, true
}

func (d *Delta) digest(s *state, key digest.Digest, before bool) {
	switch now := s.has(key); {
	case now && !before:
		d.Add = append(d.Add, key)
	case !now && before:
		d.Remove = append(d.Remove, key)
	}
}

// image may repeat a digest that was the same at seq and another in between;
// that does no harm.
func (d *Delta) image(s *state, name string, before bool) {
	switch i, now := s.images[name]; {
	case now:
		d.Images = append(d.Images, trackerapi.Image(i))
	case before:
		d.ImagesGone = append(d.ImagesGone, name)
	}
}

func (d *Delta) verified(s *state, done map[string]bool, key digest.Digest) {
	if s.has(key) && !done[string(key)] {
		done[string(key)] = true
		d.Verified = append(d.Verified, key)
	}
}
