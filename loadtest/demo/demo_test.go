package demo

import (
	"bytes"
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/puller"
)

func TestTheDemoKeepsItsPromises(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute) // it is done in a fraction of that
	defer cancel()
	var out bytes.Buffer
	r, err := Play(ctx, Defaults(), &out)
	t.Logf("\n%s", out.String())
	if err != nil {
		t.Fatal(err)
	}
	wantPulls(t, r)
	if r.RegistryBytes != r.ImageBytes || r.ImageBytes < 64<<20 {
		t.Errorf("the registry sent %d bytes for an image of %d", r.RegistryBytes, r.ImageBytes)
	}
	if r.VictimSent <= 0 || r.VictimSent >= Defaults().Layers[0] {
		t.Errorf("%s was killed after %d bytes of the layer, want some of them", r.Victim, r.VictimSent)
	}
	if want := nodes * (len(Defaults().Layers) + 3); r.Verified != want {
		t.Errorf("%d blobs were hashed again, want %d", r.Verified, want)
	}
	for _, claim := range []string{"each blob once", r.Victim + " was killed", "every digest is right"} {
		if !strings.Contains(out.String(), claim) {
			t.Errorf("the output does not say %q", claim)
		}
	}
	wantEmpty(t, os.TempDir())
}

func wantPulls(t *testing.T, r Report) {
	t.Helper()
	if len(r.Pulls) != nodes {
		t.Fatalf("%d pulls, want %d", len(r.Pulls), nodes)
	}
	for i, p := range r.Pulls {
		source := puller.FromPeer
		if i == 0 {
			source = puller.FromOrigin
		}
		if p.bytes(source) != r.ImageBytes {
			t.Errorf("%s: sources %v, want %d bytes from %s", p.Node, p.Sources, r.ImageBytes, source)
		}
	}
	last := r.Pulls[nodes-1]
	if !slices.ContainsFunc(last.Sources, func(s puller.Source) bool { return s.Node == r.Victim }) {
		t.Errorf("%s did not get anything from %s, which was killed: %v", last.Node, r.Victim, last.Sources)
	}
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("%s is not empty: %v, %v", dir, left, err)
	}
}

func TestAnInterruptedDemoLeavesNothingBehind(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &trigger{when: "node1     pulls", do: cancel}
	if _, err := Play(ctx, Defaults(), out); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("got %v", err)
	}
	wantEmpty(t, os.TempDir())
}

// Layers this small are through before anyone can be killed: the demo starts
// its last act over, and in the end admits that it could not show it.
func TestAKillThatCameTooLateIsNotClaimed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	o := Defaults()
	o.Layers = []int64{1 << 10, 1 << 10}
	var out bytes.Buffer
	r, err := Play(t.Context(), o, &out)
	if err == nil || !strings.Contains(err.Error(), "no node was killed in the middle") {
		t.Errorf("got %v from\n%s", err, out.String())
	}
	if r.Victim != "" || strings.Count(out.String(), "once more") != tries {
		t.Errorf("the victim is %q; the demo said:\n%s", r.Victim, out.String())
	}
}

// trigger acts when something is written.
type trigger struct {
	when string
	do   func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.when) {
		w.do()
	}
	return len(p), nil
}

func TestOnlyOneSenderIsAVictim(t *testing.T) {
	a, b := &node{}, &node{}
	all := []*node{a, b}
	for _, c := range []struct {
		name        string
		before, now map[*node]float64
		want        *node
	}{
		{"nobody sends", map[*node]float64{a: 1, b: 1}, map[*node]float64{a: 1, b: 1}, nil},
		{"one sends", map[*node]float64{a: 1, b: 1}, map[*node]float64{a: 1, b: 2}, b},
		{"both send", map[*node]float64{a: 1, b: 1}, map[*node]float64{a: 2, b: 2}, nil},
		{"one does not answer", map[*node]float64{a: 1}, map[*node]float64{b: 1}, b},
	} {
		if got := onlySender(all, c.before, c.now); got != c.want {
			t.Errorf("%s: got the wrong one", c.name)
		}
	}
}

func TestClaimsThatDoNotHoldAreFound(t *testing.T) {
	img, err := imagekit.Build(t.TempDir(), imagekit.Spec{Layers: []int64{1000}})
	if err != nil {
		t.Fatal(err)
	}
	once := map[string]int{}
	for _, p := range img.Parts {
		once[p.Digest.String()] = 1
	}
	s := &stage{img: img, report: Report{ImageBytes: img.Size(), RegistryBytes: img.Size()}}
	if err := s.eachBlobLeftTheRegistryOnce(once); err != nil {
		t.Errorf("a true claim: %v", err)
	}
	once[img.Parts[0].Digest.String()] = 2
	if err := s.eachBlobLeftTheRegistryOnce(once); err == nil {
		t.Error("a blob left twice, and nobody minds")
	}
	s.report.Pulls = []Pull{{Node: "node1", Totals: puller.Totals{Sources: []puller.Source{{From: puller.FromPeer, Bytes: img.Size()}}}}}
	if err := s.nobodyElseAskedIt(); err == nil {
		t.Error("the first node did not ask the registry, and nobody minds")
	}
}

func TestNoColourWhereItIsNotSeen(t *testing.T) {
	var out bytes.Buffer
	line := newTimeline(&out)
	line.act("an act")
	line.say("node1", "is %s", line.red("killed"))
	if regexp.MustCompile(`\x1b`).Match(out.Bytes()) {
		t.Errorf("got %q", out.String())
	}
}
