package registry

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/transfers"
)

func TestRelayedBlobs(t *testing.T) {
	p := noise(700_000)
	size := strconv.Itoa(len(p))
	b := newBed(t)
	m := b.mirror(MirrorConfig{})
	d := b.swarm.add(p)
	for _, c := range []struct {
		method, header, value string
		status                int
		want                  []byte
		length, contentRange  string
	}{
		{"GET", "", "", 200, p, size, ""},
		{"HEAD", "", "", 200, nil, size, ""},
		{"HEAD", "Range", "bytes=5-14", 200, nil, size, ""},
		{"GET", "Range", "bytes=0-", 206, p, size, "bytes 0-699999/700000"},
		{"GET", "Range", "bytes=699990-", 206, p[699990:], "10", "bytes 699990-699999/700000"},
		{"GET", "Range", "bytes=5-14", 206, p[5:15], "10", "bytes 5-14/700000"},
		{"GET", "Range", "bytes=5-9999999", 206, p[5:], "699995", "bytes 5-699999/700000"},
		{"GET", "Range", "bytes=-10", 206, p[699990:], "10", "bytes 699990-699999/700000"},
		{"GET", "Range", "bytes=-9999999", 206, p, size, "bytes 0-699999/700000"},
		{"GET", "Range", "bytes=0-1,5-6", 200, p, size, ""},
		{"GET", "Range", "bytes=9-5", 200, p, size, ""},
		{"GET", "If-None-Match", `"` + d.String() + `"`, 200, p, size, ""},
		{"GET", "Accept-Encoding", "zstd, gzip, deflate", 200, p, size, ""},
	} {
		t.Run(c.method+" "+c.header+" "+c.value, func(t *testing.T) {
			wantBytes(t, ask(m, c.method, blobPath(d), c.header, c.value), d, c.status, c.want,
				"Content-Type", "application/octet-stream", "Accept-Ranges", "bytes",
				"Content-Length", c.length, "Content-Range", c.contentRange)
		})
	}
	if b.swarm.open != 0 {
		t.Errorf("%d streams were left open", b.swarm.open)
	}
}

func TestRangesReachTheFetcher(t *testing.T) {
	b := newBed(t)
	m := b.mirror(MirrorConfig{})
	d := b.swarm.add(noise(100))
	for _, c := range []struct {
		header string
		want   fetcher.Request
	}{
		{"", fetcher.Request{Offset: 0, Length: fetcher.ToEnd}},
		{"bytes=40-", fetcher.Request{Offset: 40, Length: fetcher.ToEnd}},
		{"bytes=40-49", fetcher.Request{Offset: 40, Length: 10}},
		{"bytes=-10", fetcher.Request{Offset: 90, Length: 10}},
	} {
		ask(m, "GET", blobPath(d), "Range", c.header)
		c.want.Digest, c.want.Repository = d, "library/redis"
		if got := b.swarm.asked[len(b.swarm.asked)-1]; got != c.want {
			t.Errorf("%q: got %+v, want %+v", c.header, got, c.want)
		}
	}
}

func TestAnUnsatisfiableRangeOfARemoteBlobIsAMiss(t *testing.T) {
	b := newBed(t)
	m := b.mirror(MirrorConfig{})
	d := b.swarm.add(noise(100))
	for _, rg := range []string{"bytes=100-", "bytes=200-300", "bytes=-0"} {
		if res := ask(m, "GET", blobPath(d), "Range", rg); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d", rg, res.StatusCode)
		}
	}
	if b.swarm.open != 0 {
		t.Errorf("%d streams were left open", b.swarm.open)
	}
}

func TestAnEmptyRemoteBlob(t *testing.T) {
	b := newBed(t)
	d := b.swarm.add(nil)
	m := b.mirror(MirrorConfig{})
	for _, rg := range []string{"", "bytes=0-"} {
		wantBytes(t, ask(m, "GET", blobPath(d), "Range", rg), d, 200, nil, "Content-Length", "0", "Content-Range", "")
	}
}

func TestAStreamThatFailsBeforeItsFirstByteIsAMiss(t *testing.T) {
	for _, err := range []error{fetcher.ErrBroken, fetcher.ErrCorrupt, errBoom} {
		b := newBed(t)
		d := b.swarm.add(noise(1000))
		b.swarm.fail(d, 0, err)
		wantError(t, ask(b.mirror(MirrorConfig{}), "GET", blobPath(d)), 404, codeBlobUnknown)
		if calls := b.guard.all(); len(calls) != 0 {
			t.Errorf("%v: containerd was given nothing, but the guard was told %v", err, calls)
		}
		if got := b.transfers.Find(d); len(got) != 1 || got[0].Result != transfers.Miss || got[0].Err == "" {
			t.Errorf("%v: recorded %+v", err, got)
		}
	}
}

func TestHeadersComeInTimeOrTheAnswerIsAMiss(t *testing.T) {
	for _, method := range []string{"GET", "HEAD"} {
		b := newBed(t)
		m := b.mirror(MirrorConfig{})
		d := b.swarm.add(noise(1000))
		m.fetcher = stuckFetcher{b.swarm}
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			res := ask(m, method, blobPath(d))
			if took := time.Since(start); res.StatusCode != http.StatusNotFound || took != m.headerTimeout {
				t.Errorf("%s: got %d after %v", method, res.StatusCode, took)
			}
			if got := string(bodyOf(res)); !strings.Contains(got, errSlow.Error()) {
				t.Errorf("%s: got %s", method, got)
			}
		})
	}
}

// stuckFetcher opens no stream before its context ends.
type stuckFetcher struct{ *swarm }

func (s stuckFetcher) Fetch(ctx context.Context, _ fetcher.Request) (Stream, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestAStreamThatOpensAndSaysNothingIsAMiss(t *testing.T) {
	b := newBed(t)
	m := b.mirror(MirrorConfig{})
	d := b.swarm.add(noise(1000))
	b.swarm.delay(d, time.Minute)
	synctest.Test(t, func(t *testing.T) {
		wantError(t, ask(m, "GET", blobPath(d)), 404, codeBlobUnknown)
	})
	if b.swarm.open != 0 {
		t.Errorf("%d streams were left open", b.swarm.open)
	}
}

// The header timeout must not reach into a body that takes its time.
func TestASlowBodyIsNotCut(t *testing.T) {
	b := newBed(t)
	m := b.mirror(MirrorConfig{})
	p := noise(4 * 256 << 10)
	d := b.swarm.add(p)
	b.swarm.delay(d, m.headerTimeout-1)
	synctest.Test(t, func(t *testing.T) {
		wantBytes(t, ask(m, "GET", blobPath(d)), d, 200, p)
	})
}

// get reads an answer from a real connection, and says how it ended.
func get(t *testing.T, addr, path string) (res *http.Response, body []byte, end error) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: mirror\r\nAccept-Encoding: zstd, gzip\r\n\r\n", path)
	r := bufio.NewReader(c)
	if res, err = http.ReadResponse(r, nil); err != nil {
		t.Fatal(err)
	}
	for {
		p := make([]byte, 32<<10)
		n, err := r.Read(p) // past http's view: was it a FIN or an RST?
		body = append(body, p[:n]...)
		if err != nil {
			return res, body, err
		}
	}
}

func TestABrokenRelayEndsShortWithAFIN(t *testing.T) {
	p := noise(1 << 20)
	for name, c := range map[string]struct {
		err   error
		calls func(digest.Digest) []string
	}{
		"no source is left": {fetcher.ErrBroken, func(d digest.Digest) []string {
			return []string{fmt.Sprint("watch ", d, "[n1]")}
		}},
		"the stream ends early": {io.EOF, func(d digest.Digest) []string {
			return []string{fmt.Sprint("watch ", d, "[n1]")}
		}},
		"the whole is wrong": {fetcher.ErrCorrupt, func(d digest.Digest) []string {
			return []string{fmt.Sprint("abort ", d), fmt.Sprint("watch ", d, "[n1]")}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			d := b.swarm.add(p)
			b.swarm.fail(d, 700_000, c.err)
			res, got, end := get(t, b.listen(b.mirror(MirrorConfig{})), blobPath(d)+"?ns=docker.io")
			if res.StatusCode != http.StatusOK || res.ContentLength != 1<<20 || string(got) != string(p[:700_000]) {
				t.Errorf("got %d, length %d, %d bytes", res.StatusCode, res.ContentLength, len(got))
			}
			if !errors.Is(end, io.EOF) {
				t.Errorf("the connection ended with %v, want a FIN", end)
			}
			if calls := b.guard.all(); !slices.Equal(calls, c.calls(d)) {
				t.Errorf("the guard was told %v", calls)
			}
			tr := b.recorded(d)
			if tr.Result != transfers.Failed || tr.Bytes != 700_000 || tr.Err == "" || tr.Registry != "docker.io" {
				t.Errorf("recorded %+v", tr)
			}
		})
	}
}

// recorded waits for the one transfer of d: it is recorded when its handler
// returns, which a client can't see.
func (b *bed) recorded(d digest.Digest) transfers.Transfer {
	b.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); {
		if all := b.transfers.Find(d); len(all) > 0 {
			return all[0]
		}
		<-time.After(time.Millisecond)
	}
	b.t.Fatal("nothing was recorded")
	return transfers.Transfer{}
}

func TestARelayIsRecordedWithItsSources(t *testing.T) {
	b := newBed(t)
	p := noise(300_000)
	d := b.swarm.add(p)
	m := b.mirror(MirrorConfig{})
	ask(m, "HEAD", blobPath(d))
	ask(m, "GET", blobPath(d)+"?ns=quay.io", "Range", "bytes=1000-")
	all := b.transfers.Find(d)
	if len(all) != 1 {
		t.Fatalf("recorded %+v", all)
	}
	tr := all[0]
	if tr.Result != transfers.Peer || tr.Kind != transfers.Blob || tr.Registry != "quay.io" ||
		tr.Repository != "library/redis" || tr.Offset != 1000 || tr.Bytes != 299_000 || tr.Err != "" {
		t.Errorf("recorded %+v", tr)
	}
	if !slices.Equal(tr.Sources, []transfers.Source{{Node: "n1", Bytes: 299_000}}) {
		t.Errorf("sources: %v", tr.Sources)
	}
	if tr.FirstByte <= 0 || tr.Duration < tr.FirstByte || tr.StartedAt.IsZero() {
		t.Errorf("times: %v %v %v", tr.StartedAt, tr.FirstByte, tr.Duration)
	}
	if calls := b.guard.all(); !slices.Equal(calls, []string{fmt.Sprint("watch ", d, "[n1]")}) {
		t.Errorf("the guard was told %v", calls)
	}
}

// failingWriter is a client that leaves after some bytes.
type failingWriter struct {
	*httptest.ResponseRecorder
	after int
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after -= len(p); w.after < 0 {
		return 0, errors.New("broken pipe")
	}
	return w.ResponseRecorder.Write(p)
}

func TestAClientThatLeavesIsNoFailure(t *testing.T) {
	b := newBed(t)
	d := b.swarm.add(noise(1 << 20))
	w := &failingWriter{httptest.NewRecorder(), 300 << 10}
	b.mirror(MirrorConfig{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, blobPath(d), nil))
	tr := b.recorded(d)
	if tr.Result != transfers.Peer || tr.Err == "" || tr.Bytes != 256<<10 {
		t.Errorf("recorded %+v", tr)
	}
	if b.swarm.open != 0 {
		t.Errorf("%d streams were left open", b.swarm.open)
	}
}

func TestLeavingEndsTheStream(t *testing.T) {
	b := newBed(t)
	d := b.swarm.add(noise(1 << 20))
	b.swarm.delay(d, 50*time.Millisecond)
	ctx, leave := context.WithCancel(t.Context())
	w := &leavingWriter{httptest.NewRecorder(), leave}
	b.mirror(MirrorConfig{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, blobPath(d), nil).WithContext(ctx))
	if tr := b.recorded(d); tr.Result != transfers.Peer || tr.Err == "" || tr.Bytes >= 1<<20 || b.swarm.open != 0 {
		t.Errorf("recorded %+v, %d streams open", tr, b.swarm.open)
	}
}

// leavingWriter is a client that is noticed to have left after its first bytes.
type leavingWriter struct {
	*httptest.ResponseRecorder
	leave func()
}

func (w *leavingWriter) Write(p []byte) (int, error) {
	w.leave()
	return w.ResponseRecorder.Write(p)
}

// The deadline of one answer must not end the next on the same connection.
func TestAConnectionThatRestedGoesOn(t *testing.T) {
	b := newBed(t)
	p := noise(5000)
	here, there := b.put(p), b.swarm.add(append(p, 1))
	m := b.mirror(MirrorConfig{})
	synctest.Test(t, func(t *testing.T) {
		client := piped(t, m)
		r := bufio.NewReader(client)
		for _, path := range []string{blobPath(here), blobPath(there), "/v2/", blobPath(here)} {
			fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: mirror\r\n\r\n", path)
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			if n := int64(len(bodyOf(res))); res.StatusCode != http.StatusOK || n != res.ContentLength {
				t.Errorf("%s: got %d and %d bytes", path, res.StatusCode, n)
			}
			<-time.After(2 * patience)
		}
	})
}

func TestAClientThatLeavesAManifestLyingIsCutOff(t *testing.T) {
	doc, _ := image(5000)
	b := newBed(t)
	d := b.swarm.add(doc)
	m := b.mirror(MirrorConfig{})
	synctest.Test(t, func(t *testing.T) {
		client := piped(t, m)
		start := time.Now()
		fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: mirror\r\n\r\n", manifestPath(d))
		for len(b.transfers.Find(d)) == 0 && time.Since(start) < 10*patience {
			<-time.After(time.Second)
		}
		if tr := b.recorded(d); tr.Err == "" || tr.Duration > patience {
			t.Errorf("recorded %+v", tr)
		}
	})
}

func TestAClientThatTakesNothingIsCutOff(t *testing.T) {
	b := newBed(t)
	d := b.swarm.add(noise(1 << 20))
	m := b.mirror(MirrorConfig{})
	synctest.Test(t, func(t *testing.T) {
		client := piped(t, m)
		fmt.Fprintf(client, "GET %s HTTP/1.1\r\nHost: mirror\r\n\r\n", blobPath(d))
		start := time.Now()
		p := make([]byte, 256<<10)
		for range 3 { // slow, but alive: every piece has its minute
			if _, err := io.ReadFull(client, p); err != nil {
				t.Fatal(err)
			}
			<-time.After(patience * 3 / 4)
		}
		slow := time.Since(start)
		for len(b.transfers.Find(d)) == 0 && time.Since(start) < 10*patience {
			<-time.After(time.Second)
		}
		if silent := time.Since(start) - slow; silent > patience {
			t.Errorf("cut off after %v of silence", silent)
		}
		if b.swarm.open != 0 {
			t.Errorf("%d streams were left open", b.swarm.open)
		}
	})
}
