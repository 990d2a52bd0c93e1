package index

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func dg(i int) digest.Digest { return digest.FromString(fmt.Sprint(i)) }

func dgs(numbers ...int) (all []digest.Digest) {
	for _, i := range numbers {
		all = append(all, dg(i))
	}
	return all
}

func hashOf(digests []digest.Digest, images ...trackerapi.Image) (h trackerapi.SetHash) {
	for _, d := range digests {
		h.Digest(d)
	}
	for _, i := range images {
		h.Image(i)
	}
	return h
}

func whole(seq uint64, digests []digest.Digest, images ...trackerapi.Image) *trackerapi.AnnounceRequest {
	return &trackerapi.AnnounceRequest{
		Whole: true, Seq: seq, SetHash: uint64(hashOf(digests, images...)), Add: digests, Images: images,
	}
}

func holders(x *Index, d digest.Digest) []uint32 {
	return slices.Sorted(x.Holders(d, 0))
}

func mustHold(t *testing.T, x *Index, d digest.Digest, want ...uint32) {
	t.Helper()
	if got := holders(x, d); !slices.Equal(got, want) {
		t.Fatalf("%.15s is held by %v; want %v", d, got, want)
	}
}

func mustApply(t *testing.T, x *Index, node uint32, a *trackerapi.AnnounceRequest) {
	t.Helper()
	if x.Apply(node, a) {
		t.Fatalf("node %d was asked to resend after %+v", node, a)
	}
}

func TestWholeSetReplaces(t *testing.T) {
	x := New()
	mustApply(t, x, 1, whole(1, dgs(1, 2, 3)))
	mustApply(t, x, 2, whole(1, dgs(3)))
	mustApply(t, x, 1, whole(2, dgs(3, 4)))
	mustHold(t, x, dg(1))
	mustHold(t, x, dg(3), 1, 2)
	mustHold(t, x, dg(4), 1)
	if got, want := x.Stats(), (Stats{Digests: 2, Pairs: 3}); got != want {
		t.Fatalf("got %+v; want %+v", got, want)
	}
}

func TestWhatStaysIsNeverOutOfTheAnswers(t *testing.T) {
	x := New()
	mustApply(t, x, 1, whole(0, dgs(0, 1)))
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(stop)
		for i := range 2000 {
			x.Apply(1, whole(uint64(i), dgs(0, i%3)))
		}
	})
	for running := true; running; {
		select {
		case <-stop:
			running = false
		default:
		}
		if len(holders(x, dg(0))) != 1 {
			t.Fatal("the digest was gone for a moment")
		}
	}
	wg.Wait()
}

func TestChangesBuildOnTheSequence(t *testing.T) {
	x := New()
	change := func(from, seq uint64, hash trackerapi.SetHash, add, remove []digest.Digest) bool {
		return x.Apply(1, &trackerapi.AnnounceRequest{From: from, Seq: seq, SetHash: uint64(hash), Add: add, Remove: remove})
	}
	if !change(0, 1, hashOf(dgs(1)), dgs(1), nil) {
		t.Fatal("a change before the first whole set was taken")
	}
	mustHold(t, x, dg(1))
	mustApply(t, x, 1, whole(5, dgs(1, 2)))
	if change(5, 6, hashOf(dgs(2, 3)), dgs(3), dgs(1)) {
		t.Fatal("a proper change was not taken")
	}
	if !change(5, 7, hashOf(dgs(2, 3, 4)), dgs(4), nil) {
		t.Fatal("a change on top of a lost one was taken")
	}
	mustHold(t, x, dg(4))
	if !change(6, 7, hashOf(dgs(9)), nil, nil) {
		t.Fatal("a wrong hash was not noticed")
	}
}

func TestChangesThatChangeNothingKeepTheHash(t *testing.T) {
	x := New()
	mustApply(t, x, 1, whole(1, dgs(1, 2, 2, 1)[:2]))
	a := &trackerapi.AnnounceRequest{
		From: 1, Seq: 2, SetHash: uint64(hashOf(dgs(1, 2, 3))),
		Add: dgs(1, 3, 3, 2), Remove: dgs(7, 2, 2),
	}
	mustApply(t, x, 1, a)
	mustHold(t, x, dg(2), 1)
	twice := whole(3, dgs(1, 2))
	twice.Add = dgs(1, 2, 1)
	mustApply(t, x, 1, twice)
}

func TestHeartbeatFindsDrift(t *testing.T) {
	x := New()
	h := uint64(hashOf(dgs(1)))
	check := func(seq, hash uint64) bool { resend, _ := x.Check(1, seq, hash); return resend }
	if !check(0, 0) {
		t.Fatal("a node that has announced nothing was not asked to")
	}
	mustApply(t, x, 1, whole(4, dgs(1)))
	for _, c := range []struct {
		seq, hash uint64
		want      bool
	}{{4, h, false}, {5, h, true}, {3, h, true}, {4, h + 1, true}} {
		if got := check(c.seq, c.hash); got != c.want {
			t.Errorf("seq %d hash %x: resend %v; want %v", c.seq, c.hash, got, c.want)
		}
	}
	x.Restart(1)
	mustHold(t, x, dg(1), 1)
	if !check(4, h) {
		t.Fatal("a new run was not asked for its inventory")
	}
}

func TestForgetRemovesEverything(t *testing.T) {
	x := New()
	i := trackerapi.Image{Name: "a", Digest: dg(1), UpdatedAt: time.Unix(1, 0)}
	mustApply(t, x, 1, whole(1, dgs(1, 2), i))
	x.Accuse(1, dg(1), trackerapi.KindCorrupt)
	x.Forget(1)
	if got := x.Stats(); got != (Stats{}) {
		t.Fatalf("left: %+v", got)
	}
	mustApply(t, x, 1, whole(1, dgs(3))) // the ordinal's next owner
	mustHold(t, x, dg(3), 1)
}

func TestHoldersGoRound(t *testing.T) {
	x := New()
	nodes := []uint32{3, 70_000, 5, 200_000}
	for _, n := range nodes {
		mustApply(t, x, n, whole(1, dgs(1)))
	}
	slices.Sort(nodes)
	for turn := range uint32(9) {
		got := slices.Collect(x.Holders(dg(1), turn))
		at := int(turn) % len(nodes)
		if want := slices.Concat(nodes[at:], nodes[:at]); !slices.Equal(got, want) {
			t.Fatalf("turn %d: %v; want %v", turn, got, want)
		}
		for n := range x.Holders(dg(1), turn) {
			if n != nodes[at] {
				t.Fatalf("turn %d began with %d", turn, n)
			}
			break
		}
	}
}

func TestResolveTakesTheNewestThatCounts(t *testing.T) {
	x := New()
	image := func(d int, at int64) trackerapi.Image {
		return trackerapi.Image{Name: "a", Digest: dg(d), UpdatedAt: time.Unix(at, 0).UTC()}
	}
	mustApply(t, x, 1, whole(1, nil, image(1, 10)))
	mustApply(t, x, 2, whole(1, nil, image(2, 30)))
	mustApply(t, x, 3, whole(1, nil, image(3, 20)))
	resolve := func(dead ...uint32) digest.Digest {
		i, _ := x.Resolve("a", func(n uint32) bool { return !slices.Contains(dead, n) })
		return i.Digest
	}
	if resolve() != dg(2) || resolve(2) != dg(3) || resolve(1, 2, 3) != "" {
		t.Fatalf("got %s, %s, %s", resolve(), resolve(2), resolve(1, 2, 3))
	}
	mustApply(t, x, 1, &trackerapi.AnnounceRequest{
		From: 1, Seq: 2, SetHash: uint64(hashOf(nil, image(4, 0))), Images: []trackerapi.Image{image(5, 50), image(4, 40)},
	})
	if got, _ := x.Resolve("a", func(uint32) bool { return true }); got != image(4, 40) {
		t.Fatalf("after the name moved: %+v", got)
	}
	for n, seq := range map[uint32]uint64{1: 2, 2: 1, 3: 1} {
		mustApply(t, x, n, &trackerapi.AnnounceRequest{From: seq, Seq: 9, ImagesGone: []string{"a", "b"}})
	}
	if resolve() != "" || x.Stats().Images != 0 {
		t.Fatalf("still there: %s, %+v", resolve(), x.Stats())
	}
}
