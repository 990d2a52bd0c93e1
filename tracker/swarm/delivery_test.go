package swarm

import (
	"testing"
	"time"
)

// registry has several trees of one registry, which share what is known of links.
type registry struct {
	rules Rules
	*scene
	trees map[string]*Tree
}

func newRegistry(t *testing.T) *registry {
	s := newScene(t, Rules{})
	return &registry{rules: *s.tree.rules, scene: s, trees: map[string]*Tree{}}
}

// at turns to the tree of another digest.
func (r *registry) at(digest string) *registry {
	if r.trees[digest] == nil {
		r.trees[digest] = NewTree(&r.rules, r.books)
	}
	r.tree = r.trees[digest]
	return r
}

// layer is a question for content of which the asker has read in a manifest.
func layer(a *Ask)   { a.Registry, a.Size = "registry", size }
func patient(a *Ask) { a.Last, a.Patient = true, true }

// passes is after how long the lease passes to somebody else, with something going on
// meanwhile.
func (r *registry) passes(meanwhile func(offset int64)) time.Duration {
	const step = 100 * ms
	began := r.now
	for offset := int64(1); r.now-began < time.Minute; offset++ {
		if meanwhile(offset); r.at("layer").expires() {
			break
		}
		r.now += step
	}
	return r.now - began
}

func (r *registry) expires() bool {
	r.tree.Expire(r.now)
	return r.tree.passed > 0
}

func TestALeaseIsGoodForLongerWhileTheRegistryIsBusyWithOthers(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(r *registry, offset int64)
		times     int
	}{
		"nothing else moves": {func(*registry, int64) {}, 1},
		"another layer comes to another node": {func(r *registry, offset int64) {
			r.at("other").reports(2, offset*mega, 0, 0)
		}, busyTimes},
		"several others wait for it, too": {func(r *registry, offset int64) {
			if offset == 1 {
				r.at("other").join(2, layer)
				r.at("third").join(3, layer)
			}
		}, busyTimes},
		"its holder has several": {func(r *registry, offset int64) {
			if offset == 1 {
				r.at("other").join(1, layer)
				r.at("third").join(1, layer)
			}
		}, 1},
		"its holder gets another layer from there": {func(r *registry, offset int64) {
			r.at("other").reports(1, offset*mega, 0, 0)
		}, ownTimes},
		"its holder gets small ones, one after the other": {func(r *registry, offset int64) {
			if offset == 1 {
				r.at("other").join(1, layer)
			}
			if offset%10 == 2 {
				r.at(string(rune(offset))).ends(1, size)
			}
		}, ownTimes},
		"its holder gets another layer from a neighbour": {func(r *registry, offset int64) {
			r.at("other").reports(2, 2*offset*mega, 0, 0)
			r.reports(1, offset*mega, 0, 2)
		}, ownTimes},
		"another registry is busy": {func(r *registry, offset int64) {
			r.at("other").join(2, func(a *Ask) { a.Registry = "another" })
			r.reports(2, offset*mega, 0, 0)
		}, 1},
		"its holder has got something small": {func(r *registry, offset int64) {
			r.at("small").reports(1, offset, 0, 0)
		}, 1},
		"what it sends to others is long ago": {func(r *registry, offset int64) {
			r.at("other").reports(2, min(offset, 2)*mega, 0, 0)
		}, 3}, // two seconds
	} {
		t.Run(name, func(t *testing.T) {
			r := newRegistry(t)
			r.rules.Start = 700 * ms
			r.at("other").join(98, layer, last) // its registry is known
			r.tree.Abandon(98)
			r.wantsLease(r.at("layer").join(1, layer))
			if got := r.passes(func(offset int64) { c.meanwhile(r, offset) }); got.Round(r.rules.Start) != time.Duration(c.times)*r.rules.Start {
				t.Errorf("it has passed after %s; want %d times %s", got, c.times, r.rules.Start)
			}
		})
	}
}

func TestALeaseForSomethingOfUnknownSizeIsNotWaitedForLonger(t *testing.T) {
	r := newRegistry(t)
	named := func(a *Ask) { a.Registry = "registry" }
	r.wantsLease(r.at("manifest").join(1, named))
	r.at("other").join(1, layer)
	r.reports(1, mega, 0, 0)
	r.now += r.rules.Start
	r.at("manifest").tree.Expire(r.now)
	r.wantsLease(r.join(2, named))
}

// Who has got the manifest from the registry does not know the sizes of the layers.
func TestALeaseOfOneThatHasManyIsForALayer(t *testing.T) {
	r := newRegistry(t)
	named := func(a *Ask) { a.Registry = "registry" }
	for _, digest := range []string{"a", "b", "c", "d", "e"} {
		r.wantsLease(r.at(digest).join(1, named))
	}
	r.at("a").reports(1, mega, 0, 0)
	r.now += 2 * r.rules.Start
	r.at("e").tree.Expire(r.now)
	r.wantsWait(r.join(2, layer))
}

func TestWhoHasWaitedWaitsOnlyForARegistryThatIsBusy(t *testing.T) {
	r := newRegistry(t)
	r.at("layer").join(1, layer)
	if got := r.join(2, layer, patient); !got.Free || got.Busy {
		t.Errorf("got %+v; nothing else moves", got)
	}
	r.at("other").join(3, layer)
	r.reports(3, mega, 0, 0)
	r.at("layer")
	if got := r.join(2, layer, patient); got.Free || !got.Busy {
		t.Errorf("got %+v; the registry sends to others", got)
	}
	if got := r.join(2, layer, last); !got.Free {
		t.Errorf("got %+v; he waits no longer", got)
	}
}

// One node may have trouble with a registry. With two it is the registry.
func TestNobodyIsLetGoToARegistryThatIsSlowToAll(t *testing.T) {
	r := newRegistry(t)
	r.wantsLease(r.at("layer").join(1, layer))
	r.now += r.rules.Start
	r.tree.Expire(r.now)
	r.wantsLease(r.join(2, layer))
	if got := r.join(3, layer, patient); !got.Busy {
		t.Errorf("got %+v", got)
	}
	r.reports(1, 1, 0, 0)
	r.wants(r.join(3, layer), 1)
}

// Several nodes have leases and wait for each other. The first of them need not.
func TestOfThoseWhoWaitForEachOtherTheFirstGoesOn(t *testing.T) {
	r := newRegistry(t)
	r.wantsLease(r.at("a").join(1, layer))
	r.now += ms
	r.wantsLease(r.at("b").join(2, layer))
	r.wantsWait(r.at("b").join(1, layer))
	r.wantsWait(r.at("a").join(2, layer))
	r.now += blockedTimes*r.rules.Start - 2*ms
	r.wantsWait(r.at("b").join(1, layer))
	r.now += 2 * ms
	r.wantsWait(r.at("a").join(2, layer))
	r.wantsLease(r.at("b").join(1, layer))
	r.reports(1, mega, 0, 0)
	r.wants(r.at("b").join(3, layer), 1)
	r.at("c").join(4, layer)
	r.wantsWait(r.at("c").join(1, layer)) // it does get something
}

// Those who have waited for the first bytes are not all given places at once when
// they come.
func TestWhoHasWaitedIsSeatedInHisTurn(t *testing.T) {
	r := newRegistry(t)
	r.at("layer").join(1, layer)
	r.wantsWait(r.join(2, layer))
	r.now += 900 * ms
	r.wantsWait(r.join(3, layer))
	r.reports(1, mega, 0, 0)
	r.wants(r.join(2, layer), 1)
	r.now += 100 * ms
	if got := r.join(3, layer, patient); !got.Busy {
		t.Errorf("got %+v; node 2 is about to have something", got)
	}
	r.reports(2, 1, 0, 1)
	r.wants(r.join(3, layer, patient), 2, 1)
}
