package roster

import (
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// cutOff plays a tracker that neither hears nor reaches "a", in z1, but "b" in
// z2 and "c" in z1.
func cutOff(t *testing.T, play func(t *testing.T, r *Roster, a, b, c *Node)) {
	probing(t, testPolicy, func(t *testing.T, r *Roster, _ *journal, p *ports) {
		a, b, c := at(t, r, "a", "z1", 1), at(t, r, "b", "z2", 1), at(t, r, "c", "z1", 1)
		at(t, r, "d", "z1", 1)
		p.set("a:1", Mute)
		live(r, time.Second, "a", "b", "c", "d")
		play(t, r, a, b, c)
	})
}

func vouch(r *Roster, w *Node, peer string, epoch int64) {
	r.Vouch(w, []trackerapi.Report{{Peer: peer, Epoch: epoch, Kind: trackerapi.KindAlive}})
}

func TestWhoIsSilentAndMuteIsLookedAtFromAnotherZone(t *testing.T) {
	cutOff(t, func(t *testing.T, r *Roster, a, b, c *Node) {
		if looks := r.Looks(b); looks != nil {
			t.Fatalf("all are well, and %v are to be looked at", looks)
		}
		live(r, 2500*time.Millisecond, "b", "c", "d")
		wantState(t, a, Suspect)
		if looks := r.Looks(c); looks != nil {
			t.Errorf("its own zone is asked to look at %v", looks)
		}
		if looks := r.Looks(b); len(looks) != 1 || looks[0] != (trackerapi.Look{Node: "a", Epoch: 1, Addr: "a:1"}) {
			t.Errorf("looks: %v", looks)
		}
		if looks := r.Looks(b); looks != nil {
			t.Errorf("it is asked twice for one probe: %v", looks)
		}
		live(r, 500*time.Millisecond, "a", "b", "c", "d")
		if looks := r.Looks(b); looks != nil {
			t.Errorf("it is heard again, and %v are to be looked at", looks)
		}
	})
}

func TestWhoAnswersAnotherZoneIsSuspectForAWhile(t *testing.T) {
	cutOff(t, func(t *testing.T, r *Roster, a, b, _ *Node) {
		for range 46 { // 11.5 s
			live(r, 250*time.Millisecond, "b", "c", "d")
			for _, l := range r.Looks(b) {
				vouch(r, b, l.Node, l.Epoch)
			}
		}
		wantState(t, a, Suspect)
		live(r, 3*time.Second, "b", "c", "d")
		wantState(t, a, Dead)
	})
}

func TestAWordThatDoesNotCountSavesNobody(t *testing.T) {
	for name, say := range map[string]func(r *Roster, a, b, c *Node){
		"nothing is said":   func(*Roster, *Node, *Node, *Node) {},
		"by its own zone":   func(r *Roster, _, _, c *Node) { vouch(r, c, "a", 1) },
		"of an earlier run": func(r *Roster, _, b, _ *Node) { vouch(r, b, "a", 0) },
		"by itself":         func(r *Roster, a, _, _ *Node) { vouch(r, a, "a", 1) },
		"of nobody":         func(r *Roster, _, b, _ *Node) { vouch(r, b, "nobody", 1) },
		"by a bad reporter": func(r *Roster, _, b, _ *Node) {
			b.dossier.Load().voice.mutedUntil = r.clock() + time.Minute
			vouch(r, b, "a", 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			cutOff(t, func(t *testing.T, r *Roster, a, b, c *Node) {
				live(r, 2500*time.Millisecond, "b", "c", "d")
				say(r, a, b, c)
				live(r, 1500*time.Millisecond, "b", "c", "d")
				wantState(t, a, Dead)
			})
		})
	}
}

func TestWhoIsBusyIsNotAskedToLook(t *testing.T) {
	for name, c := range map[string]struct {
		load trackerapi.Load
		asks bool
	}{
		"full":           {load: trackerapi.Load{Uploads: 2, Slots: 2}},
		"without a disk": {load: trackerapi.Load{Degraded: "disk"}, asks: true},
	} {
		t.Run(name, func(t *testing.T) {
			cutOff(t, func(t *testing.T, r *Roster, _, b, _ *Node) {
				live(r, 2500*time.Millisecond, "b", "c", "d")
				if _, err := r.Heartbeat(trackerapi.Sender{Node: "b", Epoch: 1}, c.load, nil); err != nil {
					t.Fatal(err)
				}
				if looks := r.Looks(b); (looks != nil) != c.asks {
					t.Errorf("looks: %v", looks)
				}
			})
		})
	}
}
