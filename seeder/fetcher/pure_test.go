package fetcher

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const ms = time.Millisecond

func TestHedge(t *testing.T) {
	for _, c := range []struct {
		pace pace
		want time.Duration
	}{
		{pace{}, 20 * ms},
		{pace{1 * ms, 1}, 5 * ms},
		{pace{4 * ms, 1}, 8 * ms},
		{pace{120 * ms, 1}, 25 * ms},
		{pace{120 * ms, learnedAt - 1}, 25 * ms},
		{pace{120 * ms, learnedAt}, 240 * ms},
		{pace{900 * ms, learnedAt}, 250 * ms},
		{pace{1 * ms, learnedAt}, 5 * ms},
	} {
		if got := c.pace.hedge(); got != c.want {
			t.Errorf("%+v: %s; want %s", c.pace, got, c.want)
		}
	}
}

func TestPace(t *testing.T) {
	now := time.Now()
	for name, c := range map[string]struct {
		took []time.Duration
		age  time.Duration
		want pace
	}{
		"nothing known":        {nil, 0, pace{}},
		"one":                  {[]time.Duration{3 * ms}, 0, pace{3 * ms, 1}},
		"few: the largest":     {[]time.Duration{9 * ms, 1 * ms, 2 * ms}, 0, pace{9 * ms, 3}},
		"many: not an outlier": {append(repeat(ms, latencySamples-1), 900*ms), 0, pace{ms, latencySamples}},
		"two outliers count":   {append(repeat(ms, latencySamples-2), 800*ms, 900*ms), 0, pace{800 * ms, latencySamples}},
		"the oldest make room": {append(repeat(900*ms, 5), repeat(ms, latencySamples)...), 0, pace{ms, latencySamples}},
		"old ones do not count": {
			repeat(ms, 5), latencyMemory, pace{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var l latency
			for _, took := range c.took {
				l.add(took, now)
			}
			if got := l.pace(now.Add(c.age)); got != c.want {
				t.Errorf("got %+v; want %+v", got, c.want)
			}
		})
	}
}

// A peer that always takes 120 ms, behind others that answer in time, is given
// up again and again; what is learned from that lets it answer in the end.
func TestAPeerCannotBeLockedOut(t *testing.T) {
	now := time.Now()
	const truth = 120 * ms
	var l latency
	for tries := range 40 {
		delay := l.pace(now).hedge()
		if delay >= truth {
			t.Logf("it may answer from try %d on", tries+1)
			return
		}
		l.add(delay, now) // given up after so long
	}
	t.Error("it is never waited for")
}

func repeat(d time.Duration, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}

func TestBackoff(t *testing.T) {
	start := time.Now()
	b, now := backoff{}, start
	for i, want := range []time.Duration{250 * ms, 500 * ms, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 30 * time.Second, 30 * time.Second} {
		b = b.failed(now)
		if got := b.until.Sub(now); got != want || !b.active(now) {
			t.Fatalf("failure %d: %s; want %s", i+1, got, want)
		}
		if again := b.failed(now.Add(want / 2)); again != b {
			t.Fatalf("a failure during the back-off added to it: %+v", again)
		}
		now = b.until
		if b.active(now) {
			t.Fatalf("failure %d: it does not end", i+1)
		}
	}
	b = b.failed(b.until.Add(backoffMemory + 1))
	if b.failures != 1 {
		t.Errorf("long after, it is still failure %d", b.failures)
	}
}

// Who has failed and not delivered since stays doubtful for a while after its
// back-off.
func TestAFailureIsRememberedBeyondTheBackoff(t *testing.T) {
	now := time.Now()
	if (backoff{}).remembered(now) {
		t.Error("a new peer is doubtful")
	}
	b := backoff{}.failed(now)
	for after, want := range map[time.Duration]bool{0: true, minBackoff: true, minBackoff + backoffMemory: true, minBackoff + backoffMemory + 1: false} {
		if got := b.remembered(now.Add(after)); got != want {
			t.Errorf("after %s: %t", after, got)
		}
	}
}

func TestPatience(t *testing.T) {
	w := newWorld(t, Config{})
	good, bad := &peer{transport: &http.Transport{}}, &peer{transport: &http.Transport{}}
	bad.failed()
	for name, c := range map[string]struct {
		peers []*peer
		want  time.Duration
	}{
		"nobody":       {nil, doubtfulPatience},
		"all doubtful": {[]*peer{bad, bad}, doubtfulPatience},
		"one is not":   {[]*peer{bad, good}, w.cfg.FirstByteTimeout},
	} {
		var cs []candidate
		for _, p := range c.peers {
			cs = append(cs, candidate{peer: p})
		}
		if got := w.patience(cs); got != c.want {
			t.Errorf("%s: %s; want %s", name, got, c.want)
		}
	}
}

func TestTheSilenceThatIsAStall(t *testing.T) {
	const most = 2 * time.Second
	for _, c := range []struct {
		gaps gaps
		want time.Duration
	}{
		{gaps{}, 30 * ms},
		{gaps{usual: 3 * ms}, 30 * ms},
		{gaps{usual: 10 * ms}, 80 * ms},
		{gaps{usual: time.Second}, most},
		{gaps{stalls: 1}, 60 * ms},
		{gaps{stalls: 2, usual: 10 * ms}, 120 * ms},
		{gaps{stalls: 100}, most},
	} {
		if got := c.gaps.limit(30*ms, most); got != c.want {
			t.Errorf("%+v: %s; want %s", c.gaps, got, c.want)
		}
	}
}

func TestGapsAreLearnedAndStallsForgotten(t *testing.T) {
	var g gaps
	for range 50 {
		g.add(10 * ms)
	}
	if g.usual < 9*ms || g.usual > 10*ms {
		t.Errorf("usual gap %s", g.usual)
	}
	g.stalled()
	g.changed()
	for range calmReads - 1 {
		g.add(0)
	}
	if g.usual != 0 || g.stalls != 1 {
		t.Errorf("%+v", g)
	}
	g.add(0)
	if g.stalls != 0 {
		t.Errorf("%d stalls are held against it", g.stalls)
	}
}

func TestOrder(t *testing.T) {
	quick := standing{pace: pace{p95: 2 * ms, samples: 9}}
	fair := standing{pace: pace{p95: 9 * ms, samples: 9}}
	slow := standing{pace: pace{p95: 120 * ms, samples: 9}}
	once := standing{pace: pace{p95: 120 * ms, samples: 1}}
	down := standing{pace: pace{p95: 1 * ms, samples: 9}, backedOff: true}
	for name, c := range map[string]struct {
		known []standing
		want  string // indexes
	}{
		"nobody":                         {nil, ""},
		"unknown ones stay":              {[]standing{{}, {}, {}}, "0 1 2"},
		"quick ones stay":                {[]standing{fair, quick, {}}, "0 1 2"},
		"slow after quick":               {[]standing{slow, {}, quick}, "1 2 0"},
		"seen slow once is enough":       {[]standing{once, quick}, "1 0"},
		"slow alone":                     {[]standing{slow}, "0"},
		"all slow":                       {[]standing{slow, once}, "0 1"},
		"slow before an unknown":         {[]standing{slow, {}}, "0 1"},
		"backed off last":                {[]standing{down, slow, quick}, "2 1 0"},
		"all backed off":                 {[]standing{down, down}, "0 1"},
		"what is down sets no standard":  {[]standing{fair, down}, "0 1"},
		"slow beside one that was quick": {[]standing{slow, down}, "0 1"},
	} {
		t.Run(name, func(t *testing.T) {
			var cs []candidate
			for i := range c.known {
				cs = append(cs, candidate{Holder: holder(fmt.Sprint(i), fmt.Sprint("addr", i))})
			}
			order(cs, func(x candidate) standing {
				var i int
				_, _ = fmt.Sscan(x.Node, &i)
				return c.known[i]
			})
			var got []string
			for _, x := range cs {
				got = append(got, x.Node)
			}
			if s := strings.Join(got, " "); s != c.want {
				t.Errorf("got %s; want %s", s, c.want)
			}
		})
	}
}

func TestParseContentRange(t *testing.T) {
	for s, want := range map[string]contentRange{
		"bytes 0-0/1":       {0, 0, 1},
		"bytes 100-199/200": {100, 199, 200},
		"bytes 0-9223372036854775806/9223372036854775807": {0, 1<<63 - 2, 1<<63 - 1},
		"":                    {},
		"bytes":               {},
		"bytes 0-1":           {},
		"bytes 0-1/*":         {},
		"bytes */200":         {},
		"bytes 5-4/10":        {},
		"bytes 0-10/10":       {},
		"bytes -1-4/10":       {},
		"bytes +1-4/10":       {},
		"bytes 0-1/10, 3-4/9": {},
		"bytes 0x1-2/10":      {},
		"bytes 0-1/ 10":       {},
		"items 0-1/10":        {},
		"bytes 0-9223372036854775807/9223372036854775808": {},
	} {
		got, err := parseContentRange(s)
		if got != want || (err == nil) == (want == contentRange{}) {
			t.Errorf("%q: %+v, %v; want %+v", s, got, err, want)
		}
	}
}

func FuzzParseContentRange(f *testing.F) {
	for _, s := range []string{"bytes 0-0/1", "bytes 5-9/10", "bytes */5", "bytes 1-/3", "bytes --/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseContentRange(s)
		if err == nil && (r.first < 0 || r.first > r.last || r.last >= r.size) {
			t.Errorf("%q: %+v", s, r)
		}
	})
}

func TestCheck(t *testing.T) {
	all := want{end: -1, size: -1}
	tail := want{offset: 60, end: -1, size: -1}
	part := want{offset: 60, end: 80, size: -1}
	beyond := want{offset: 60, end: 800, size: -1}
	resumed := want{offset: 60, end: 100, size: 100}
	limited := want{end: -1, size: -1, limit: 99}
	const miss, corrupt = trackerapi.KindMiss, trackerapi.KindCorrupt
	for name, c := range map[string]struct {
		want      want
		status    int
		length    int64
		rng       string
		kind      trackerapi.Kind
		ok        bool
		end, size int64
	}{
		"all of it":              {all, 200, 100, "", "", true, 100, 100},
		"nothing of nothing":     {all, 200, 0, "", "", true, 0, 0},
		"all, without length":    {all, 200, -1, "", corrupt, false, 0, 0},
		"all, but a part comes":  {all, 206, 100, "bytes 0-99/100", miss, false, 0, 0},
		"the tail":               {tail, 206, 40, "bytes 60-99/100", "", true, 100, 100},
		"the tail, ignored":      {tail, 200, 100, "", corrupt, false, 0, 0},
		"the tail, cut":          {tail, 206, 30, "bytes 60-89/100", corrupt, false, 0, 0},
		"the tail, other length": {tail, 206, 41, "bytes 60-99/100", corrupt, false, 0, 0},
		"the tail, no length":    {tail, 206, -1, "bytes 60-99/100", corrupt, false, 0, 0},
		"the tail, elsewhere":    {tail, 206, 40, "bytes 50-89/100", corrupt, false, 0, 0},
		"the tail, no range":     {tail, 206, 40, "", corrupt, false, 0, 0},
		"a part":                 {part, 206, 20, "bytes 60-79/100", "", true, 80, 100},
		"a part beyond the end":  {beyond, 206, 40, "bytes 60-99/100", "", true, 100, 100},
		"more than the part":     {part, 206, 40, "bytes 60-99/100", corrupt, false, 0, 0},
		"resumed":                {resumed, 206, 40, "bytes 60-99/100", "", true, 100, 100},
		"resumed, another size":  {resumed, 206, 41, "bytes 60-100/101", corrupt, false, 0, 0},
		"resumed, open size":     {resumed, 206, 40, "bytes 60-99/101", "", false, 0, 0},
		"too large":              {limited, 200, 100, "", "", false, 0, 0},
		"behind the end":         {tail, 416, 0, "bytes */60", "", false, 0, 0},
		"not there":              {all, 404, 9, "", miss, false, 0, 0},
		"not well":               {all, 503, 9, "", miss, false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h := http.Header{}
			h.Set("Content-Range", c.rng)
			got, err := c.want.check(c.status, h, c.length)
			if (err == nil) != c.ok || blameOf(err) != c.kind {
				t.Fatalf("%v, blamed for %q", err, blameOf(err))
			}
			if c.ok && (got.end != c.end || got.size != c.size) {
				t.Errorf("end %d, size %d", got.end, got.size)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(206, "bytes 60-79/100", int64(20), int64(60), int64(80), int64(-1))
	f.Add(200, "", int64(100), int64(0), int64(-1), int64(-1))
	f.Fuzz(func(t *testing.T, status int, header string, length, offset, end, size int64) {
		if offset < 0 || (end >= 0 && end <= offset) || (size >= 0 && (end < 0 || end > size)) {
			return // no request is like that
		}
		h := http.Header{"Content-Range": []string{header}}
		w, err := want{offset: offset, end: end, size: size}.check(status, h, length)
		if err == nil && (w.end < w.offset || w.end > w.size || length != w.end-w.offset || (size >= 0 && w.size != size)) {
			t.Errorf("%+v with length %d", w, length)
		}
	})
}

func TestGrudgesAreBoundedAndEnd(t *testing.T) {
	var g grudges
	for i := range 3 * maxGrudges {
		g.bear(grudge{addr: fmt.Sprint(i)}, time.Hour)
	}
	if len(g.until) > maxGrudges {
		t.Errorf("%d", len(g.until))
	}
	if last := (grudge{addr: fmt.Sprint(3*maxGrudges - 1)}); !g.has(last) {
		t.Error("the last one is forgotten")
	}
	g.bear(grudge{addr: "past"}, 0)
	if g.has(grudge{addr: "past"}) {
		t.Error("it does not end")
	}
}

func TestPeersAreBoundedAndForgotten(t *testing.T) {
	p := &peers{byAddr: map[string]*peer{}}
	first := p.get("first")
	for i := range maxPeers + 10 {
		p.get(fmt.Sprint(i))
	}
	if len(p.byAddr) != maxPeers {
		t.Errorf("%d peers", len(p.byAddr))
	}
	if p.get("first") == first {
		t.Error("it was not the oldest that had to go")
	}
	p.sweep(time.Now().Add(time.Second))
	if len(p.byAddr) != 0 {
		t.Errorf("%d peers after all were idle", len(p.byAddr))
	}
}

func TestManifestCache(t *testing.T) {
	c := newManifestCache(100)
	key := func(i int) digest.Digest { return digest.FromString(fmt.Sprint(i)) }
	for i := range 4 {
		c.put(key(i), Manifest{Bytes: make([]byte, 30)})
		c.get(key(0))
	}
	for i, want := range []bool{true, false, true, true} {
		if _, got := c.get(key(i)); got != want {
			t.Errorf("manifest %d: %t", i, got)
		}
	}
	c.put(key(9), Manifest{Bytes: make([]byte, 101)})
	if _, ok := c.get(key(9)); ok || c.bytes != 0 || len(c.byKey) != 0 {
		t.Errorf("%d bytes in %d manifests", c.bytes, len(c.byKey))
	}
}
