package placement

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small is a cluster that is quickly simulated, and has a hard time.
func small() Options {
	o := Defaults()
	o.Nodes, o.Images, o.Years, o.Outages, o.CrashDays = 30, 10, 0.15, 40, 20
	return o
}

func simulate(t *testing.T, o Options) *Result {
	t.Helper()
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *Result) of(scheme string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Scheme == scheme {
			return &r.Rows[i]
		}
	}
	return &Row{}
}

func TestTheSameSeedGivesTheSameYear(t *testing.T) {
	tell := func(seed uint64) string {
		o := small()
		o.Years, o.Seed = 0.05, seed
		text, err := json.Marshal(simulate(t, o).Rows)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	a, b, other := tell(1), tell(1), tell(2)
	if a != b {
		t.Error("two runs of one seed differ")
	}
	if a == other {
		t.Error("another seed makes no difference")
	}
}

func TestReplicasSurviveWhatASingleCopyDoesNot(t *testing.T) {
	r := simulate(t, small())
	one, two, spread := r.of("one copy"), r.of("hash"), r.of("default")
	if one.Lost == 0 || two.Lost >= one.Lost {
		t.Errorf("lost with one copy %d times, with two %d times", one.Lost, two.Lost)
	}
	if spread.Unavailable >= two.Unavailable {
		t.Errorf("spread over zones an image was nowhere for %.1f h, without for %.1f h", spread.Unavailable, two.Unavailable)
	}
	for _, row := range r.Rows {
		if row.Copies == 0 || row.Moved == 0 || row.Pushed == 0 || row.Plans == 0 {
			t.Errorf("%s: nothing has happened: %+v", row.Scheme, row)
		}
		if row.Origin > row.Moved+row.LostBytes {
			t.Errorf("%s: more came from upstream than was moved or pulled again: %+v", row.Scheme, row)
		}
	}
}

// TestNothingHappensInACalmYear: without failures only new versions are copied,
// factor - 1 times each, and nothing is ever lost.
func TestNothingHappensInACalmYear(t *testing.T) {
	o := small()
	o.Spot, o.Upgrades, o.Outages, o.RebootDay, o.CrashDays, o.NewDays = 0, 0, 0, 1e6, 1e6, 5
	for _, row := range simulate(t, o).Rows {
		want := row.Pushed
		if row.Scheme == "one copy" {
			want = 0
		}
		if row.Lost != 0 || row.Origin != 0 || row.Unavailable != 0 || row.Moved != want {
			t.Errorf("%s: moved %d bytes, want %d: %+v", row.Scheme, row.Moved, want, row)
		}
	}
}

// TestTheWholeClusterMayBeAway: with one zone, an outage takes every node.
func TestTheWholeClusterMayBeAway(t *testing.T) {
	o := small()
	o.Zones, o.Years, o.NewDays = 1, 0.05, 0.5
	for _, row := range simulate(t, o).Rows {
		if row.Unavailable == 0 {
			t.Errorf("%s: everything was there while all nodes were away", row.Scheme)
		}
	}
}

func TestTheForecastIsInOrderAndEndsWhatItBegins(t *testing.T) {
	o := small()
	outs := map[int]int{}
	last := time.Duration(0)
	for _, h := range weather(&o) {
		if h.at < last {
			t.Fatalf("%v after %v", h.at, last)
		}
		last = h.at
		switch h.kind {
		case down, wiped:
			outs[h.slot]++
		case back:
			if outs[h.slot]--; outs[h.slot] < 0 {
				t.Fatalf("slot %d is back before it went", h.slot)
			}
		}
	}
	for slot, n := range outs {
		if n != 0 {
			t.Errorf("slot %d never comes back", slot)
		}
	}
}

func TestTheCommandWritesTablesAndPictures(t *testing.T) {
	folder := t.TempDir()
	for _, output := range []string{"table", "json"} {
		var out bytes.Buffer
		cmd := Command()
		cmd.SetOut(&out)
		cmd.SetArgs([]string{"--nodes", "9", "--images", "3", "--years", "0.01", "-o", output, "--pictures", folder})
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.String(), "default, drains save") {
			t.Errorf("%s: %s", output, out.String())
		}
	}
	for _, name := range []string{"placement-moved.svg", "placement-nowhere.svg"} {
		if svg, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !bytes.Contains(svg, []byte("polyline")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	cmd := Command()
	cmd.SetArgs([]string{"--nodes", "1"})
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), "nodes: want") {
		t.Errorf("one node: %v", err)
	}
}
