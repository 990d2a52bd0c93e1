package index

import (
	"slices"
	"testing"

	"github.com/drayproject/dray/shared/trackerapi"
)

// accused is an index in which node 1 holds 1, 2 and 3, node 2 holds 1, and
// node 1 is accused over 1.
func accused(t *testing.T, kind trackerapi.Kind) *Index {
	t.Helper()
	x := New()
	mustApply(t, x, 1, whole(1, dgs(1, 2, 3)))
	mustApply(t, x, 2, whole(1, dgs(1)))
	if !x.Accuse(1, dg(1), kind) {
		t.Fatal("the accusation was not taken")
	}
	mustHold(t, x, dg(1), 2)
	mustHold(t, x, dg(2), 1)
	return x
}

func TestWhatClearsAnAccusation(t *testing.T) {
	same := uint64(hashOf(dgs(1, 2, 3)))
	for name, c := range map[string]struct {
		say           trackerapi.AnnounceRequest
		corrupt, miss bool // whether it is over then
	}{
		"nothing":          {trackerapi.AnnounceRequest{From: 1, Seq: 2, SetHash: same}, false, false},
		"verified":         {trackerapi.AnnounceRequest{From: 1, Seq: 2, SetHash: same, Verified: dgs(1)}, true, true},
		"another verified": {trackerapi.AnnounceRequest{From: 1, Seq: 2, SetHash: same, Verified: dgs(2, 9)}, false, false},
		"announced again":  {trackerapi.AnnounceRequest{From: 1, Seq: 2, SetHash: same, Add: dgs(1)}, false, true},
		"removed and back": {trackerapi.AnnounceRequest{From: 1, Seq: 2, SetHash: same, Add: dgs(1), Remove: dgs(1)}, true, true},
		"in the whole set": {*whole(2, dgs(1, 2, 3)), false, true},
	} {
		for kind, over := range map[trackerapi.Kind]bool{trackerapi.KindCorrupt: c.corrupt, trackerapi.KindMiss: c.miss} {
			t.Run(name+"/"+string(kind), func(t *testing.T) {
				x := accused(t, kind)
				mustApply(t, x, 1, &c.say)
				if back := slices.Contains(holders(x, dg(1)), 1); back != over {
					t.Fatalf("back in the answers: %v; want %v", back, over)
				}
				if got, want := x.Stats().Accused == 0, over; got != want {
					t.Fatalf("no accusation left: %v; want %v", got, want)
				}
			})
		}
	}
}

func TestVerifiedCountsEvenIfChangesWereLost(t *testing.T) {
	x := accused(t, trackerapi.KindCorrupt)
	if !x.Apply(1, &trackerapi.AnnounceRequest{From: 77, Seq: 78, Verified: dgs(1)}) {
		t.Fatal("the lost change was not noticed")
	}
	mustHold(t, x, dg(1), 1, 2)
}

func TestNodeIsAskedToClearItself(t *testing.T) {
	for kind, want := range map[trackerapi.Kind]struct {
		resend bool
		verify int
	}{trackerapi.KindCorrupt: {false, 1}, trackerapi.KindMiss: {true, 0}} {
		x := accused(t, kind)
		resend, verify := x.Check(1, 1, uint64(hashOf(dgs(1, 2, 3))))
		if resend != want.resend || len(verify) != want.verify || (len(verify) == 1 && verify[0] != dg(1)) {
			t.Errorf("%s: resend %v, verify %v", kind, resend, verify)
		}
	}
}

func TestRemovalEndsAnAccusation(t *testing.T) {
	x := accused(t, trackerapi.KindCorrupt)
	mustApply(t, x, 1, whole(2, dgs(2)))
	if _, verify := x.Check(1, 2, uint64(hashOf(dgs(2)))); len(verify) != 0 || x.Stats().Accused != 0 {
		t.Fatalf("still accused: %v, %+v", verify, x.Stats())
	}
	mustHold(t, x, dg(1), 2)
}

func TestAccusationOutlivesTheRun(t *testing.T) {
	x := accused(t, trackerapi.KindCorrupt)
	x.Restart(1)
	mustApply(t, x, 1, whole(1, dgs(1, 2, 3)))
	mustHold(t, x, dg(1), 2)
}

func TestCorruptIsGraverThanMissing(t *testing.T) {
	x := accused(t, trackerapi.KindMiss)
	if x.Accuse(1, dg(1), trackerapi.KindCorrupt) || x.Accuse(1, dg(1), trackerapi.KindMiss) {
		t.Fatal("the pair was taken out twice")
	}
	mustApply(t, x, 1, whole(2, dgs(1, 2, 3)))
	mustHold(t, x, dg(1), 2)
}

func TestAccusationsAreBounded(t *testing.T) {
	x := New()
	var many []int
	for i := range maxAccused + 10 {
		many = append(many, i)
	}
	mustApply(t, x, 1, whole(1, dgs(many...)))
	for _, d := range dgs(many...) {
		x.Accuse(1, d, trackerapi.KindCorrupt)
	}
	if got := x.Stats().Accused; got != maxAccused {
		t.Fatalf("%d are withheld; want %d", got, maxAccused)
	}
	if _, verify := x.Check(1, 1, uint64(hashOf(dgs(many...)))); len(verify) != maxVerify {
		t.Fatalf("one answer asks for %d; want %d", len(verify), maxVerify)
	}
	if x.Accuse(1, dg(-1), trackerapi.KindMiss) || x.Accuse(2, dg(1), trackerapi.KindMiss) {
		t.Fatal("a pair that does not exist was accused")
	}
}
