package inventory

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

func sum(s string) digest.Digest { return digest.FromString(s) }

func image(name, content string) store.Image {
	return store.Image{Name: name, Digest: sum(content)}
}

func TestADeltaTellsTheDifferenceAndNotTheWay(t *testing.T) {
	a, b := sum("a"), sum("b")
	for name, c := range map[string]struct {
		before, after func(*state)
		want          Delta
	}{
		"nothing": {},
		"added": {
			after: func(s *state) { s.add(a) },
			want:  Delta{Add: []digest.Digest{a}},
		},
		"removed": {
			before: func(s *state) { s.add(a); s.add(b) },
			after:  func(s *state) { s.remove(a) },
			want:   Delta{Remove: []digest.Digest{a}},
		},
		"added and removed": {
			after: func(s *state) { s.add(a); s.remove(a) },
		},
		"removed and added": {
			before: func(s *state) { s.add(a) },
			after:  func(s *state) { s.remove(a); s.add(a) },
		},
		"added, removed, added": {
			after: func(s *state) { s.add(a); s.remove(a); s.add(a) },
			want:  Delta{Add: []digest.Digest{a}},
		},
		"twice the same is no change": {
			before: func(s *state) { s.add(a) },
			after:  func(s *state) { s.add(a); s.remove(b) },
		},
		"image new": {
			after: func(s *state) { s.setImage(image("x:1", "a")) },
			want:  Delta{Images: []trackerapi.Image{{Name: "x:1", Digest: a}}},
		},
		"image moved, then moved again": {
			before: func(s *state) { s.setImage(image("x:1", "old")) },
			after:  func(s *state) { s.setImage(image("x:1", "a")); s.setImage(image("x:1", "b")) },
			want:   Delta{Images: []trackerapi.Image{{Name: "x:1", Digest: b}}},
		},
		"image gone": {
			before: func(s *state) { s.setImage(image("x:1", "a")) },
			after:  func(s *state) { s.dropImage("x:1") },
			want:   Delta{ImagesGone: []string{"x:1"}},
		},
		"image moved and gone": {
			before: func(s *state) { s.setImage(image("x:1", "a")) },
			after:  func(s *state) { s.setImage(image("x:1", "b")); s.dropImage("x:1") },
			want:   Delta{ImagesGone: []string{"x:1"}},
		},
		"image came and went": {
			after: func(s *state) { s.setImage(image("x:1", "a")); s.dropImage("x:1") },
		},
		"verified twice": {
			before: func(s *state) { s.add(a) },
			after:  func(s *state) { s.log.append(verified, string(a)); s.log.append(verified, string(a)) },
			want:   Delta{Verified: []digest.Digest{a}},
		},
		"verified, and gone since": {
			before: func(s *state) { s.add(a) },
			after:  func(s *state) { s.log.append(verified, string(a)); s.remove(a) },
			want:   Delta{Remove: []digest.Digest{a}},
		},
		"added and verified": {
			after: func(s *state) { s.add(a); s.log.append(verified, string(a)) },
			want:  Delta{Add: []digest.Digest{a}, Verified: []digest.Digest{a}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newState(16)
			if c.before != nil {
				c.before(s)
			}
			c.want.From = s.log.seq
			if c.after != nil {
				c.after(s)
			}
			c.want.Seq, c.want.Hash = s.log.seq, s.hash
			got, ok := s.delta(c.want.From)
			if !ok || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", c.want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, ok, c.want)
			}
		})
	}
}

func TestSinceKnowsWhatItDoesNotKnow(t *testing.T) {
	s := newState(4)
	for i := range 10 {
		s.add(sum(fmt.Sprint(i)))
	}
	for seq := range uint64(13) {
		if d, ok := s.delta(seq); ok != (seq >= 6 && seq <= 10) || ok && len(d.Add) != int(10-seq) {
			t.Errorf("since %d: %v, %v", seq, d, ok)
		}
	}
}

// replica is a tracker's picture of a node.
type replica struct {
	seq     uint64
	digests map[digest.Digest]bool
	images  map[string]digest.Digest
}

func (r *replica) apply(t *testing.T, d Delta) {
	for _, x := range d.Add {
		if r.digests[x] {
			t.Errorf("%s is added and was there", x)
		}
		r.digests[x] = true
	}
	for _, x := range d.Remove {
		if !r.digests[x] {
			t.Errorf("%s is removed and was not there", x)
		}
		delete(r.digests, x)
	}
	for _, i := range d.Images {
		r.images[i.Name] = i.Digest
	}
	for _, name := range d.ImagesGone {
		delete(r.images, name)
	}
	r.seq = d.Seq
}

func (r *replica) hash() (h trackerapi.SetHash) {
	for d := range r.digests {
		h.Digest(d)
	}
	for name, d := range r.images {
		h.Image(trackerapi.Image{Name: name, Digest: d})
	}
	return h
}

// Whatever happens, and however often someone asks, the deltas add up to the
// state, and so do the hashes.
func TestDeltasAddUp(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	s := newState(32)
	r := replica{digests: map[digest.Digest]bool{}, images: map[string]digest.Digest{}}
	for range 20_000 {
		d, name := sum(fmt.Sprint(rng.IntN(8))), fmt.Sprintf("x:%d", rng.IntN(4))
		switch rng.IntN(6) {
		case 0:
			s.add(d)
		case 1:
			s.remove(d)
		case 2:
			s.setImage(store.Image{Name: name, Digest: d})
		case 3:
			s.dropImage(name)
		case 4:
			s.log.append(verified, string(d))
		case 5:
			delta, ok := s.delta(r.seq)
			if !ok {
				snap := s.snapshot()
				r = replica{seq: snap.Seq, digests: map[digest.Digest]bool{}, images: map[string]digest.Digest{}}
				delta = Delta{Seq: snap.Seq, Add: snap.Digests, Images: snap.Images}
			}
			r.apply(t, delta)
			if r.hash() != s.hash || r.seq != s.log.seq {
				t.Fatalf("after %+v: %v, want %v", delta, r, s.snapshot())
			}
		}
	}
	if got, want := slices.Sorted(maps.Keys(r.digests)), slices.Sorted(maps.Keys(s.digests)); len(got)+len(want) == 0 {
		t.Error("nothing was tested")
	}
}

func TestOnlyNamesWithMeaningAreAnnounced(t *testing.T) {
	id := sum("id").String()
	for name, want := range map[string]bool{
		"docker.io/library/redis:7":              true,
		"registry.example:5000/a/b:v1":           true,
		"docker.io/library/redis@" + id:          false,
		"docker.io/library/redis:7@" + id:        false,
		id:                                       false,
		"registry.k8s.io/pause:sha256-something": true,
	} {
		if got := announced(image(name, "x")); got != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if announced(store.Image{Name: "docker.io/library/redis:7", Digest: "nonsense"}) {
		t.Error("an image without a proper digest")
	}
}
