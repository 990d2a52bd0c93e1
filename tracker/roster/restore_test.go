package roster

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestRestoredNodeIsUsedUntilItsGraceIsOver(t *testing.T) {
	running(t, func(t *testing.T, r *Roster, j *journal) {
		n, restored, err := r.Restore(trackerapi.Node{Name: "a", Epoch: 7}, Ready, 10*time.Second)
		if err != nil || !restored || r.ByName("a") != n {
			t.Fatalf("got %v, %v", restored, err)
		}
		if got := j.last(); got != "" {
			t.Fatalf("a verdict: %s", got)
		}
		pass(9 * time.Second)
		wantState(t, n, Ready)
		if r.Silence(n) > -time.Second/2 {
			t.Fatalf("silent for %s", r.Silence(n))
		}
		pass(6 * time.Second)
		wantState(t, n, Dead)
		r.Hear(trackerapi.Sender{Node: "a", Epoch: 7})
		wantState(t, n, Ready)
	})
}

func TestWhoHasSpokenIsNotRestored(t *testing.T) {
	r, _ := newRoster()
	n := register(t, r, "a", 5)
	again, restored, err := r.Restore(trackerapi.Node{Name: "a", Epoch: 9}, Dead, time.Minute)
	if again != n || restored || err != nil {
		t.Fatalf("got %v, %v", restored, err)
	}
	wantState(t, n, Ready)
	if n.Identity().Epoch != 5 {
		t.Fatalf("its epoch is %d", n.Identity().Epoch)
	}
}

func TestAllAreThoseNotPurged(t *testing.T) {
	r, _ := newRoster()
	var want []string
	for i := range chunkSize + 3 {
		want = append(want, register(t, r, fmt.Sprintf("%04d", i), 1).Identity().Name)
	}
	r.ByName("0003").sign.Store(packSign(0, purged))
	want = slices.Delete(want, 3, 4)
	var got []string
	for n := range r.All() {
		got = append(got, n.Identity().Name)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got %d nodes; want %d", len(got), len(want))
	}
	for range r.All() {
		break
	}
}
