package swarm

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

type nobody struct{}

func (nobody) Observe(roster.Verdict) {}

var blob = digest.FromString("blob")

// fleet is a swarm of nodes "0", "1", … that all hold the blob, in zones by
// turns.
func fleet(t testing.TB, nodes int, zones ...string) (*Swarm, *roster.Roster) {
	t.Helper()
	x := index.New()
	r := roster.New(roster.Policy{}, nobody{}, slog.New(slog.DiscardHandler))
	for i := range nodes {
		n, _, err := r.Register(trackerapi.Node{
			Name: fmt.Sprint(i), Epoch: 1, Addr: fmt.Sprintf("[fd00::%d]:5002", i), Zone: zones[i%len(zones)],
		})
		if err != nil {
			t.Fatal(err)
		}
		x.Apply(n.Ordinal(), &trackerapi.AnnounceRequest{Whole: true, Add: []digest.Digest{blob}})
	}
	return New(x, r), r
}

func who(h trackerapi.Handout) (s []string) {
	for _, holder := range h {
		s = append(s, holder.Node)
	}
	slices.Sort(s)
	return s
}

func TestHandoutLeavesOutTheAskerAndThoseWhoLeft(t *testing.T) {
	s, r := fleet(t, 4, "z")
	r.Leave(trackerapi.Sender{Node: "2", Epoch: 1})
	for range 20 {
		if got := who(s.Handout("1", blob, 0)); !slices.Equal(got, []string{"0", "3"}) {
			t.Fatalf("got %v", got)
		}
	}
}

func accuse(r *roster.Roster, reporter, peer string) {
	r.Accuse(r.ByName(reporter), []trackerapi.Report{{Peer: peer, Epoch: 1, Kind: trackerapi.KindStall}})
}

func TestSuspectsComeLastButDoCome(t *testing.T) {
	s, r := fleet(t, 3, "z")
	accuse(r, "1", "0")
	if got := s.Handout("", blob, 0); len(got) != 3 || got[2].Node != "0" {
		t.Fatalf("got %v", got)
	}
	accuse(r, "0", "1")
	accuse(r, "0", "2")
	if got := who(s.Handout("", blob, 0)); len(got) != 3 {
		t.Fatalf("of three suspects only %v are given", got)
	}
}

func TestOwnZoneAndLowLoadComeFirst(t *testing.T) {
	s, r := fleet(t, 4, "east", "west") // 0 and 2 are in the east
	r.Heartbeat(trackerapi.Sender{Node: "1", Epoch: 1}, trackerapi.Load{Uploads: 3}, nil)
	got := s.Handout("0", blob, 0)
	if len(got) != 3 || got[0].Node != "2" || got[1].Node != "3" || got[2].Node != "1" {
		t.Fatalf("got %v", got)
	}
	if got[0] != (trackerapi.Holder{Node: "2", Epoch: 1, Addr: "[fd00::2]:5002", Zone: "east"}) {
		t.Fatalf("got %+v", got[0])
	}
}

func TestHandoutIsLimited(t *testing.T) {
	s, _ := fleet(t, 40, "z")
	for limit, want := range map[int]int{-1: usual, 0: usual, 1: 1, 7: 7, 999: most} {
		if got := s.Handout("", blob, limit); len(got) != want {
			t.Errorf("limit %d gives %d; want %d", limit, len(got), want)
		}
	}
}

func TestUnknownDigestHasAnEmptyHandout(t *testing.T) {
	s, _ := fleet(t, 2, "z")
	if got := s.Handout("0", digest.FromString("other"), 0); got == nil || len(got) != 0 {
		t.Fatalf("got %#v", got)
	}
}

func TestHoldersOfAPopularBlobShareTheWork(t *testing.T) {
	s, _ := fleet(t, 1000, "z")
	first := map[string]int{}
	for range 20_000 {
		first[s.Handout("", blob, 1)[0].Node]++
	}
	if len(first) < 990 {
		t.Fatalf("only %d of 1000 were ever first", len(first))
	}
	for name, n := range first {
		if n > 60 { // 20 on average
			t.Errorf("%s was first %d times", name, n)
		}
	}
}

func BenchmarkHandout(b *testing.B) {
	for _, nodes := range []int{4, 250, 15_000} {
		for _, zones := range [][]string{{"a"}, {"a", "b", "c"}} {
			s, r := fleet(b, nodes, zones...)
			b.Run(fmt.Sprintf("%d holders in %d zones", nodes, len(zones)), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					s.Handout("1", blob, 0)
				}
			})
			for i := 1; i < nodes; i++ {
				r.Leave(trackerapi.Sender{Node: fmt.Sprint(i), Epoch: 1})
			}
			b.Run(fmt.Sprintf("%d holders in %d zones, one alive", nodes, len(zones)), func(b *testing.B) {
				for b.Loop() {
					s.Handout("1", blob, 0)
				}
			})
		}
	}
}
