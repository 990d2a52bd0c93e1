package swarm

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func run(t *testing.T, change func(*Options)) *Result {
	t.Helper()
	o := Defaults()
	change(&o)
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The tracker's decisions are good if these hold.
func TestCrowds(t *testing.T) {
	for name, c := range map[string]struct {
		change  func(*Options)
		over    float64 // of the slowest
		origin  float64
		depth   int
		crossed float64 // copies that cross zones
	}{
		"1 000":                  {func(*Options) {}, 1.05, 1.001, 12, 0},
		"15 000":                 {func(o *Options) { o.Nodes = 15_000 }, 1.10, 1.001, 16, 0},
		"alone":                  {func(o *Options) { o.Nodes = 1 }, 1.02, 1.001, 0, 0},
		"eight on slow links":    {func(o *Options) { o.Nodes, o.IngestRatio, o.LinkMbit = 8, 1, 200 }, 1.05, 1.001, 7, 0},
		"a thousand, link-bound": {func(o *Options) { o.IngestRatio = 1 }, 2.2, 1.001, 12, 0},
		"measured links":         {func(o *Options) { o.KnownLinks = true }, 1.03, 1.001, 6, 0},
		"one holder, seven ask":  {func(o *Options) { o.Whole, o.Nodes, o.IngestRatio = 1, 7, 1 }, 1.1, 0, 7, 0},
		"three zones":            {func(o *Options) { o.Zones = 3 }, 1.05, 1.001, 14, 2.001},
		"a lease for each zone":  {func(o *Options) { o.Zones, o.LeaseByZone = 3, true }, 1.05, 3.001, 12, 0},
		"one by one":             {func(o *Options) { o.Arrivals = 8 * time.Second }, 1.05, 1.001, 25, 0},
		"eight, one by one":      {func(o *Options) { o.Nodes, o.IngestRatio, o.Arrivals = 8, 1, 2*time.Second }, 1.1, 1.001, 7, 0},
		"some die":               {func(o *Options) { o.Deaths = 0.02 }, 1.10, 1.1, 20, 0},
		"many die":               {func(o *Options) { o.Deaths = 0.2 }, 1.6, 1.3, 24, 0},
		"a slow tail":            {func(o *Options) { o.SlowTail = 0.05 }, 2, 1.001, 24, 0},
		"a slow origin":          {func(o *Options) { o.OriginMbit = 20; o.SizeMiB = 16 }, 1.05, 1.001, 12, 0},
		"a lease is too short":   {func(o *Options) { o.OriginMbit = 10; o.SizeMiB = 16 }, 2.1, 2.1, 12, 0}, // 1 MiB takes longer
		"many layers":            {func(o *Options) { o.Nodes, o.IngestRatio, o.LinkMbit, o.Blobs, o.SizeMiB = 8, 1, 100, 8, 32 }, 1.05, 1.001, 7, 0},
		"in any order": {func(o *Options) {
			o.Nodes, o.IngestRatio, o.LinkMbit, o.Blobs, o.SizeMiB, o.Shuffle = 8, 1, 100, 8, 32, true
		}, 1.75, 1.15, 7, 0},
		"1 000 in any order":    {func(o *Options) { o.Blobs, o.SizeMiB, o.Shuffle = 8, 32, true }, 2, 1.75, 26, 0},
		"many layers for 1 000": {func(o *Options) { o.Blobs, o.SizeMiB = 8, 32 }, 1.15, 1.001, 26, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, c.change)
			if r.OverBound > c.over || r.OriginCopies > c.origin || r.MaxDepth > c.depth || r.CrossZone/r.Options.size() > c.crossed {
				_ = writeTable(os.Stderr, r)
				t.Fatalf("want at most %+v", c)
			}
			if len(r.times)+r.Deaths < r.Options.Nodes {
				t.Fatalf("%d of %d are done", len(r.times), r.Options.Nodes)
			}
		})
	}
}

func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	chaos := func(seed uint64) func(*Options) {
		return func(o *Options) { o.Nodes, o.Deaths, o.SlowTail, o.Zones, o.Seed = 300, 0.1, 0.1, 3, seed }
	}
	if a, b := run(t, chaos(7)), run(t, chaos(7)); !reflect.DeepEqual(a, b) {
		t.Fatalf("%+v\n%+v", a, b)
	}
	if a, b := run(t, chaos(7)), run(t, chaos(8)); a.Makespan == b.Makespan {
		t.Fatal("the seed has no effect")
	}
}

func TestWhoWantsLessLeavesTheRest(t *testing.T) {
	o := Defaults()
	o.Nodes = 4
	c := newCrowd(o)
	p := &c.nodes[0]
	taker := func(id int, room, offset float64) *pull {
		n := c.at(&c.pulls[0][0], id)
		n.told, n.offset, n.room, n.streams = true, offset, room, 1
		return n
	}
	c.pulls[0][0].before = 1000
	behind, close, done := taker(1, 1e9, 0), taker(2, 1e9, 990), taker(3, 1e9, 1000)
	c.feed(p, []*pull{behind, close, done}, 100)
	if behind.offset != 90 || close.offset != 1000 || done.offset != 1000 || p.sent != 100 {
		t.Fatalf("%v %v %v, sent %v", behind.offset, close.offset, done.offset, p.sent)
	}
	slow, fast := taker(1, 10, 0), taker(2, 1e9, 0)
	c.feed(p, []*pull{fast, slow}, 100)
	if slow.offset != 10 || fast.offset != 90 {
		t.Fatalf("%v %v", slow.offset, fast.offset)
	}
}

func TestNothingIsMadeOutOfNothing(t *testing.T) {
	r := run(t, func(o *Options) { o.Nodes = 50 })
	if math.Abs(r.OriginCopies-1) > 1e-6 {
		t.Fatalf("the origin has sent %v copies", r.OriginCopies)
	}
	if r.P50 < 1 {
		t.Fatalf("half are done within %v of the least time that there is", r.P50)
	}
}

func TestOptionsThatCanNotWorkAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"nobody":         func(o *Options) { o.Nodes = 0 },
		"too many":       func(o *Options) { o.Nodes = 100_001 },
		"no intake":      func(o *Options) { o.IngestRatio = 0 },
		"no number":      func(o *Options) { o.IngestRatio = math.NaN() },
		"no zone":        func(o *Options) { o.Zones = 0 },
		"all die":        func(o *Options) { o.Deaths = 1 },
		"endless steps":  func(o *Options) { o.Step = 0 },
		"backwards":      func(o *Options) { o.Arrivals = -1 },
		"a huge window":  func(o *Options) { o.Window = 65 },
		"dead windows":   func(o *Options) { o.Window, o.Deaths = 8, 0.1 },
		"too many holds": func(o *Options) { o.Fanout = 17 },
	} {
		o := Defaults()
		if change(&o); o.check() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestTheCommandWritesJSONAndPictures(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "pictures")
	var out strings.Builder
	cmd := Command()
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"--nodes", "20", "-o", "json", "--pictures", folder})
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"makespan_over_bound", "origin_copies", "max_depth", "cross_zone_bytes", "curves"} {
		if got[key] == nil {
			t.Errorf("there is no %s", key)
		}
	}
	for _, name := range []string{"swarm-over-N.svg", "swarm-over-k.svg"} {
		picture, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || strings.Count(string(picture), "<polyline") != 2 {
			t.Errorf("%s: %v: %s", name, err, picture)
		}
	}
}
