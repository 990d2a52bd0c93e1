package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// model is one node's part of the index as anyone would write it down: plain
// maps, no sharing.
type model struct {
	node     uint32
	seq      uint64
	known    bool
	digests  map[digest.Digest]bool
	images   map[string]trackerapi.Image
	withheld map[digest.Digest]trackerapi.Kind
}

func newModel(node uint32) *model {
	return &model{
		node: node, digests: map[digest.Digest]bool{}, images: map[string]trackerapi.Image{},
		withheld: map[digest.Digest]trackerapi.Kind{},
	}
}

func (m *model) hash() (h trackerapi.SetHash) {
	for d := range m.digests {
		h.Digest(d)
	}
	for _, i := range m.images {
		h.Image(i)
	}
	return h
}

func (m *model) apply(a *trackerapi.AnnounceRequest) (resend bool) {
	for _, d := range a.Verified {
		delete(m.withheld, d)
	}
	if !a.Whole && (!m.known || m.seq != a.From) {
		return true
	}
	remove := slices.Clone(a.Remove)
	if a.Whole {
		clear(m.images)
		for d := range m.digests {
			if !slices.Contains(a.Add, d) {
				remove = append(remove, d)
			}
		}
	}
	for _, d := range remove {
		delete(m.digests, d)
		delete(m.withheld, d)
	}
	for _, d := range a.Add {
		m.digests[d] = true
		if m.withheld[d] == trackerapi.KindMiss {
			delete(m.withheld, d)
		}
	}
	for _, name := range a.ImagesGone {
		delete(m.images, name)
	}
	for _, i := range a.Images {
		m.images[i.Name] = i
	}
	m.seq, m.known = a.Seq, true
	return uint64(m.hash()) != a.SetHash
}

func (m *model) accuse(d digest.Digest, kind trackerapi.Kind) {
	if m.digests[d] && m.withheld[d] != trackerapi.KindCorrupt {
		m.withheld[d] = kind
	}
}

const universe = 40 // few enough that nodes share most digests

func randomDigests(r *rand.Rand, most int) (all []digest.Digest) {
	for range r.IntN(most) {
		all = append(all, dg(r.IntN(universe)))
	}
	return all
}

func randomAnnounce(r *rand.Rand, m *model) *trackerapi.AnnounceRequest {
	a := &trackerapi.AnnounceRequest{
		Whole: r.IntN(4) == 0, From: m.seq, Seq: m.seq + 1, Add: randomDigests(r, 9), Remove: randomDigests(r, 9),
	}
	if r.IntN(9) == 0 {
		a.From-- // lost
	}
	if r.IntN(3) == 0 {
		a.Verified = randomDigests(r, 3)
	}
	for range r.IntN(4) {
		a.Images = append(a.Images, trackerapi.Image{
			Name: fmt.Sprint(r.IntN(5)), Digest: dg(r.IntN(9)), UpdatedAt: time.Unix(int64(r.IntN(99)), int64(m.node)*1000).UTC(),
		})
		a.ImagesGone = append(a.ImagesGone, fmt.Sprint(r.IntN(5)))
	}
	return a
}

// step does one random thing to the node in both, and compares what they say.
func step(r *rand.Rand, x *Index, m *model) error {
	switch n := r.IntN(20); n {
	case 0:
		x.Forget(m.node)
		*m = *newModel(m.node)
	case 1:
		x.Restart(m.node)
		m.known = false
	case 2, 3, 4:
		kind := []trackerapi.Kind{trackerapi.KindMiss, trackerapi.KindCorrupt}[r.IntN(2)]
		d := dg(r.IntN(universe))
		x.Accuse(m.node, d, kind)
		m.accuse(d, kind)
	default:
		a := randomAnnounce(r, m)
		if r.IntN(5) > 0 { // tell the right hash, by trying it out on a copy
			probe := newModel(m.node)
			probe.known, probe.seq = m.known, m.seq
			for d := range m.digests {
				probe.digests[d] = true
			}
			for name, i := range m.images {
				probe.images[name] = i
			}
			probe.apply(a)
			a.SetHash = uint64(probe.hash())
		}
		if got, want := x.Apply(m.node, a), m.apply(a); got != want {
			return fmt.Errorf("node %d: resend is %v after %+v; want %v", m.node, got, a, want)
		}
	}
	return nil
}

func compare(t *testing.T, x *Index, models []*model) {
	t.Helper()
	want := Stats{}
	names := map[string]trackerapi.Image{}
	for i := range universe {
		var in []uint32
		for _, m := range models {
			if _, out := m.withheld[dg(i)]; m.digests[dg(i)] && !out {
				in = append(in, m.node)
			}
		}
		mustHold(t, x, dg(i), in...)
		if got := x.CountHolders(dg(i), among(in...)); got != len(in) {
			t.Fatalf("%d holders of %v are counted among %v", got, dg(i), in)
		}
		if slices.ContainsFunc(models, func(m *model) bool { return m.digests[dg(i)] }) {
			want.Digests++
		}
	}
	for _, m := range models {
		want.Pairs += int64(len(m.digests))
		want.Accused += int64(len(m.withheld))
		for name, i := range m.images {
			if newest, there := names[name]; !there || i.UpdatedAt.After(newest.UpdatedAt) {
				names[name] = i
			}
		}
		if resend, _ := x.Check(m.node, m.seq, uint64(m.hash())); m.known && resend != missing(m) {
			t.Fatalf("node %d: resend is %v", m.node, resend)
		}
	}
	want.Images = len(names)
	if got := x.Stats(); got != want {
		t.Fatalf("got %+v; want %+v", got, want)
	}
	for name, i := range names {
		if got, _ := x.Resolve(name, func(uint32) bool { return true }); got != i {
			t.Fatalf("%s is %+v; want %+v", name, got, i)
		}
	}
}

func missing(m *model) bool {
	for _, kind := range m.withheld {
		if kind == trackerapi.KindMiss {
			return true
		}
	}
	return false
}

func TestIndexIsLikeTheModel(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		x := New()
		models := []*model{newModel(0), newModel(1), newModel(70_000)}
		for range 300 {
			m := models[r.IntN(len(models))]
			if err := errors.Join(step(r, x, m), checkImagesOf(x, m), checkImages(x, models)); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
		compare(t, x, models)
		mustEndEmpty(t, x, models)
	}
}

func TestNodesThatSpeakAtOnceDoNotDisturbEachOther(t *testing.T) {
	x := New()
	var models []*model
	var wg sync.WaitGroup
	everybody := among(0, 1, 2, 3, 4, 5)
	for node := range uint32(6) {
		m := newModel(node)
		models = append(models, m)
		wg.Go(func() {
			r := rand.New(rand.NewPCG(7, uint64(node)))
			for range 400 {
				if err := errors.Join(step(r, x, m), checkImagesOf(x, m)); err != nil {
					t.Error(err)
					return
				}
				for range x.Holders(dg(r.IntN(universe)), r.Uint32()) {
					continue
				}
				x.Resolve(fmt.Sprint(r.IntN(5)), func(uint32) bool { return false })
				if r.IntN(20) > 0 {
					continue
				}
				for range x.Census(9, everybody, everybody) {
					continue
				}
				x.CensusOf(fmt.Sprint(r.IntN(5)), everybody, everybody)
				x.Tags(fmt.Sprint(r.IntN(5)))
				x.TagsOf(fmt.Sprint(r.IntN(5)))
				x.Editions()
				x.ImageNames()
			}
		})
	}
	wg.Wait()
	compare(t, x, models)
	mustEndEmpty(t, x, models)
}
