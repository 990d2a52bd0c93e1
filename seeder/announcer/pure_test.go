package announcer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/inventory"
	"github.com/drayproject/dray/shared/trackerapi"
)

func TestBreaker(t *testing.T) {
	now := time.Now()
	at := func(d time.Duration) time.Time { return now.Add(d) }
	beat := func(d time.Duration) func(breaker) breaker {
		return func(b breaker) breaker { return b.heartbeatOK(at(d)) }
	}
	fail := func(d time.Duration) func(breaker) breaker {
		return func(b breaker) breaker { return b.lookupFailed(at(d), 1) }
	}
	ok, lost := breaker.lookupOK, breaker.heartbeatFailed
	for name, c := range map[string]struct {
		events []func(breaker) breaker
		closed bool
	}{
		"at first":                               {nil, false},
		"a heartbeat":                            {[]func(breaker) breaker{beat(0)}, true},
		"one failed lookup":                      {[]func(breaker) breaker{beat(0), fail(0)}, true},
		"two failed lookups":                     {[]func(breaker) breaker{beat(0), fail(0), fail(0)}, false},
		"two that are not in a row":              {[]func(breaker) breaker{beat(0), fail(0), ok, fail(0)}, true},
		"a lookup that succeeds after it opened": {[]func(breaker) breaker{beat(0), fail(0), fail(0), ok}, false},
		"a heartbeat in the cool-down":           {[]func(breaker) breaker{beat(0), fail(0), fail(0), beat(40 * time.Millisecond)}, false},
		"a heartbeat after the cool-down":        {[]func(breaker) breaker{beat(0), fail(0), fail(0), beat(firstCooldown)}, true},
		"the second cool-down is longer":         {[]func(breaker) breaker{beat(0), fail(0), fail(0), beat(time.Second), fail(time.Second), fail(time.Second), beat(1900 * time.Millisecond)}, false},
		"but ends":                               {[]func(breaker) breaker{beat(0), fail(0), fail(0), beat(time.Second), fail(time.Second), fail(time.Second), beat(3 * time.Second)}, true},
		"a good lookup makes it short again":     {[]func(breaker) breaker{beat(0), fail(0), fail(0), beat(time.Second), ok, fail(time.Second), fail(time.Second), beat(2 * time.Second)}, true},
		"a lost heartbeat":                       {[]func(breaker) breaker{beat(0), lost}, false},
		"a lost one, then a good one":            {[]func(breaker) breaker{beat(0), lost, beat(0)}, true},
		"a lost heartbeat ends no cool-down":     {[]func(breaker) breaker{beat(0), fail(0), fail(0), lost, beat(0)}, false},
		"failures while open do not lengthen it": {[]func(breaker) breaker{beat(0), fail(0), fail(0), fail(0), fail(0), beat(time.Second)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var b breaker
			for _, event := range c.events {
				b = event(b)
			}
			if b.closed != c.closed {
				t.Errorf("closed: %t", b.closed)
			}
		})
	}
}

// It rests where the fault may be this machine's.
func TestABreakerRestsInItsFirstCooldownOnly(t *testing.T) {
	now := time.Now()
	open := func(b breaker) breaker { return b.lookupFailed(now, 1).lookupFailed(now, 1) }
	first := open(breaker{}.heartbeatOK(now))
	for name, c := range map[string]struct {
		b    breaker
		want bool
	}{
		"never reached":        {breaker{}, false},
		"closed":               {breaker{}.heartbeatOK(now), false},
		"opened once":          {first, true},
		"heartbeats pass":      {first.heartbeatOK(now), true},
		"a heartbeat is lost":  {first.heartbeatFailed(), false},
		"closed again":         {first.heartbeatOK(now.Add(firstCooldown)), false},
		"opened a second time": {open(first.heartbeatOK(now.Add(firstCooldown))), false},
	} {
		if c.b.resting() != c.want {
			t.Errorf("%s: rests %t", name, !c.want)
		}
	}
}

func TestTheCooldownIsBounded(t *testing.T) {
	now := time.Now()
	b := breaker{closed: true}
	for range 100 {
		b = b.lookupFailed(now, 1).lookupFailed(now, 1)
		if wait := b.until.Sub(now); wait > maxCooldown {
			t.Fatalf("%s", wait)
		}
		b.closed = true
	}
	if wait := b.until.Sub(now); wait != maxCooldown {
		t.Errorf("%s", wait)
	}
}

func fleet(names ...string) []*tracker {
	var all []*tracker
	for _, n := range names {
		all = append(all, &tracker{base: n})
	}
	return all
}

func TestRankedDoesNotDependOnTheOrderOfTheList(t *testing.T) {
	there, back := fleet("a", "b", "c"), fleet("c", "b", "a")
	for i := range 100 {
		key := fmt.Sprint(i)
		x, y := ranked(there, key), ranked(back, key)
		for j := range x {
			if x[j].base != y[j].base {
				t.Fatalf("key %s: %s or %s", key, x[j].base, y[j].base)
			}
		}
	}
}

func TestKeysAreSharedOutEvenly(t *testing.T) {
	trackers := fleet("http://10.0.0.1:7070", "http://10.0.0.2:7070", "http://10.0.0.3:7070")
	const keys = 30_000
	first, second := map[string]int{}, map[string]int{}
	for _, d := range digests(0, keys) {
		order := ranked(trackers, string(d))
		first[order[0].base]++
		second[order[1].base]++
	}
	for _, tr := range trackers {
		for _, n := range []int{first[tr.base], second[tr.base]} {
			if n < keys/3*9/10 || n > keys/3*11/10 {
				t.Errorf("%s: %v first, %v second", tr.base, first, second)
			}
		}
	}
}

func TestWhenATrackerGoesOnlyItsOwnKeysMove(t *testing.T) {
	all := fleet("a", "b", "c", "d")
	for i := range 1000 {
		key := fmt.Sprint(i)
		before, after := ranked(all, key), ranked(all[:3], key)
		if before[0].base != "d" && before[0] != after[0] {
			t.Fatalf("key %s moved from %s to %s", key, before[0].base, after[0].base)
		}
	}
}

func TestValidAddr(t *testing.T) {
	for addr, want := range map[string]bool{
		"10.0.0.1:5002":        true,
		"[fd00::1]:5002":       true,
		"[fe80::1%eth0]:5002":  false,
		"node-7.example:5002":  true,
		"node_7:5002":          true,
		"node:5002":            true,
		"":                     false,
		"10.0.0.1":             false,
		":5002":                false,
		"fd00::1:5002":         false,
		"0.0.0.0:5002":         false,
		"[::]:5002":            false,
		"10.0.0.1:0":           false,
		"10.0.0.1:70000":       false,
		"10.0.0.1:http":        false,
		"user@host:5002":       false,
		"host/path:5002":       false,
		"host name:5002":       false,
		"host\r\nX: y:5002":    false,
		"http://10.0.0.1:5002": false,
	} {
		if got := validAddr(addr); got != want {
			t.Errorf("%q: %t", addr, got)
		}
	}
}

func TestCheckHandouts(t *testing.T) {
	fit := trackerapi.Holder{Node: "a", Addr: "10.0.0.1:5002"}
	long := string(make([]byte, trackerapi.MaxName+1))
	for name, c := range map[string]struct {
		holder trackerapi.Holder
		want   bool
	}{
		"fit":        {fit, true},
		"no name":    {trackerapi.Holder{Addr: fit.Addr}, false},
		"long name":  {trackerapi.Holder{Node: long, Addr: fit.Addr}, false},
		"long zone":  {trackerapi.Holder{Node: "a", Zone: long, Addr: fit.Addr}, false},
		"no address": {trackerapi.Holder{Node: "a"}, false},
	} {
		if err := checkHandouts([]trackerapi.Handout{nil, {fit, c.holder}}); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if checkHandouts([]trackerapi.Handout{slices.Repeat(trackerapi.Handout{fit}, maxHolders+1)}) == nil {
		t.Error("an endless handout passes")
	}
}

func TestCheckImages(t *testing.T) {
	d := digests(0, 1)[0]
	for name, c := range map[string]struct {
		image trackerapi.Image
		want  bool
	}{
		"known":        {trackerapi.Image{Name: "a", Digest: d}, true},
		"unknown":      {trackerapi.Image{}, true},
		"another name": {trackerapi.Image{Name: "b", Digest: d}, false},
		"bad digest":   {trackerapi.Image{Name: "a", Digest: "sha256:abc"}, false},
	} {
		if err := checkImages([]string{"a"}, []trackerapi.Image{c.image}); (err == nil) != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParsePlace(t *testing.T) {
	for entry, c := range map[string]struct {
		url, dns string
	}{
		"10.0.0.1:7070":               {url: "http://10.0.0.1:7070"},
		"tracker.example:7070":        {url: "http://tracker.example:7070"},
		"[fd00::1]:7070":              {url: "http://[fd00::1]:7070"},
		"http://10.0.0.1:7070/":       {url: "http://10.0.0.1:7070"},
		"https://tracker.example":     {url: "https://tracker.example"},
		"dns:tracker:7070":            {dns: "http tracker 7070"},
		"dns+http://tracker:7070":     {dns: "http tracker 7070"},
		"dns+https://tracker.x:7070":  {dns: "https tracker.x 7070"},
		"":                            {},
		"dns:tracker":                 {},
		"ftp://tracker:21":            {},
		"http://user:pw@tracker:7070": {},
		"http://tracker:7070/?a=b":    {},
		":7070":                       {},
		"a b:7070":                    {},
	} {
		p, err := parsePlace(entry)
		var got struct{ url, dns string }
		switch {
		case err != nil:
		case p.dns:
			got.dns = p.scheme + " " + p.host + " " + p.port
		default:
			got.url = p.known[0]
		}
		if got != c {
			t.Errorf("%q: got %v (%v); want %v", entry, got, err, c)
		}
	}
}

// Applied one after the other, the parts of a whole set bring any tracker to
// it, each with the hash that the tracker then has.
func TestWholeParts(t *testing.T) {
	for _, c := range []struct{ digests, images, want int }{
		{0, 0, 1}, {1, 0, 1}, {0, 1, 1},
		{partDigests, partImages, 1}, {partDigests + 1, 1, 2}, {1, 2*partImages + 1, 3},
	} {
		t.Run(fmt.Sprintf("%d+%d", c.digests, c.images), func(t *testing.T) {
			s := inventory.Snapshot{Seq: 7, Digests: digests(0, c.digests)}
			for i := range c.images {
				s.Images = append(s.Images, trackerapi.Image{Name: fmt.Sprint(i), Digest: digests(0, 1)[0]})
			}
			for _, d := range s.Digests {
				s.Hash.Digest(d)
			}
			for _, i := range s.Images {
				s.Hash.Image(i)
			}
			r := newReference()
			r.digests[digest.FromString("something else")] = true
			parts := wholeParts(trackerapi.Sender{}, s)
			for i, p := range parts {
				if r.apply(p) {
					t.Errorf("part %d: resend", i)
				}
			}
			if len(parts) != c.want || len(r.digests) != c.digests || len(r.images) != c.images || r.seq != 7 || r.hash != s.Hash {
				t.Errorf("%d parts; %d digests, %d images", len(parts), len(r.digests), len(r.images))
			}
		})
	}
}

func TestChangesThatAreTooManyAreNotOneMessage(t *testing.T) {
	for _, c := range []struct {
		delta inventory.Delta
		want  bool
	}{
		{inventory.Delta{}, true},
		{inventory.Delta{Add: make([]digest.Digest, partDigests)}, true},
		{inventory.Delta{Add: make([]digest.Digest, partDigests), Remove: make([]digest.Digest, 1)}, false},
		{inventory.Delta{ImagesGone: make([]string, partImages+1)}, false},
	} {
		if _, got := changes(trackerapi.Sender{}, c.delta); got != c.want {
			t.Errorf("%d+%d: %t", len(c.delta.Add), len(c.delta.Remove), got)
		}
	}
}

func FuzzValidAddr(f *testing.F) {
	for _, s := range []string{"10.0.0.1:5002", "[::1]:1", "a.b:65535", "[fe80::1%0]:1", "[::% ]:1", "x:y:z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, addr string) {
		if validAddr(addr) && slices.ContainsFunc([]byte(addr), func(c byte) bool { return c <= ' ' || c == '/' || c == '@' || c == 0x7f }) {
			t.Errorf("%q passes", addr)
		}
	})
}

func FuzzParsePlace(f *testing.F) {
	for _, s := range []string{"dns:a:1", "dns+https://a:1", "http://[::1]:1/", "a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, entry string) {
		p, err := parsePlace(entry)
		if err == nil && p.dns == (len(p.known) == 1) {
			t.Errorf("%q: %+v", entry, p)
		}
	})
}

func TestJitterStaysWithinATenth(t *testing.T) {
	for range 1000 {
		d := time.Duration(rand.Int64N(int64(time.Hour)))
		if j := jitter(d); j < d*9/10-1 || j > d*11/10+1 {
			t.Fatalf("%s became %s", d, j)
		}
	}
}
