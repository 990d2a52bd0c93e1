package index

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestInventoryCanBeTakenFromOneIndexToAnother(t *testing.T) {
	images := []trackerapi.Image{
		{Name: "a", Digest: dg(1), UpdatedAt: time.UnixMicro(7).UTC()},
		{Name: "b", Digest: dg(9), UpdatedAt: time.UnixMicro(8).UTC()},
	}
	x, y := New(), New()
	mustApply(t, x, 3, whole(5, dgs(1, 2, 3), images...))
	digests, tags, as := x.Inventory(3)
	y.Restore(8, digests, tags)

	mustHold(t, y, dg(2), 8)
	if got, _ := y.Resolve("b", func(uint32) bool { return true }); got != images[1] {
		t.Fatalf("b is %+v", got)
	}
	slices.SortFunc(tags, func(a, b trackerapi.Image) int { return cmp.Compare(a.Name, b.Name) })
	if !slices.Equal(tags, images) || as != x.Version(3) || as != (Version{hashOf(dgs(1, 2, 3), images...), 5, true}) {
		t.Fatalf("took %v, %+v", tags, as)
	}
	if got := y.Version(8); got.Hash != as.Hash || got.Announced {
		t.Fatalf("restored %+v", got)
	}
}

func TestHeartbeatConfirmsWhatWasRestored(t *testing.T) {
	x := New()
	x.Restore(1, dgs(1, 2), nil)
	if resend, _ := x.Check(1, 41, uint64(hashOf(dgs(1, 3)))); !resend {
		t.Fatal("another hash was taken for the same")
	}
	if resend, _ := x.Check(1, 41, uint64(hashOf(dgs(1, 2)))); resend {
		t.Fatal("the node was asked for what is known")
	}
	change := trackerapi.AnnounceRequest{From: 41, Seq: 42, SetHash: uint64(hashOf(dgs(1, 2, 3))), Add: dgs(3)}
	mustApply(t, x, 1, &change)
	mustHold(t, x, dg(3), 1)
}

func TestRestoredInventoryGivesWay(t *testing.T) {
	x := New()
	mustApply(t, x, 1, whole(1, dgs(1)))
	x.Restore(1, dgs(2), nil)
	mustHold(t, x, dg(2))

	x.Restore(2, dgs(3), nil)
	x.Restart(2) // its next run may have lost something
	if resend, _ := x.Check(2, 1, uint64(hashOf(dgs(3)))); !resend {
		t.Fatal("a new run was taken at its first word")
	}
	mustHold(t, x, dg(3), 2)
	mustApply(t, x, 2, whole(1, dgs(4)))
	mustHold(t, x, dg(3))
	x.Forget(2)
	x.Restore(2, dgs(5), nil)
	mustHold(t, x, dg(5), 2)
}
