package registry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/storetest"
)

const growSize = 3<<20 + 17

// growth is a blob that a test writes bit by bit.
type growth struct {
	t      *testing.T
	bed    *bed
	data   []byte
	digest digest.Digest
	writer content.Writer
	at     int
}

func (b *bed) grow(t *testing.T, n int) *growth {
	t.Helper()
	g := &growth{t: t, bed: b, data: noise(growSize), at: n}
	g.digest = digest.FromBytes(g.data)
	g.writer = storetest.Begin(t, b.store, g.digest, growSize, g.data[:n])
	t.Cleanup(func() { g.writer.Close() })
	return g
}

func (g *growth) write(n int) {
	g.t.Helper()
	if _, err := g.writer.Write(g.data[g.at : g.at+n]); err != nil {
		g.t.Fatal(err)
	}
	g.at += n
}

func (g *growth) commit() {
	g.t.Helper()
	g.write(growSize - g.at)
	if err := g.writer.Commit(g.bed.store.WithContext(g.t.Context()), growSize, g.digest); err != nil {
		g.t.Fatal(err)
	}
}

func (g *growth) abort() {
	g.t.Helper()
	g.writer.Close()
	if err := g.bed.store.Abort(g.t.Context(), storetest.Ref(g.digest)); err != nil {
		g.t.Fatal(err)
	}
}

// get asks over a real connection; the body may not be complete yet.
func (g *growth) get(addr string, header ...string) *http.Response {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), http.MethodGet, "http://"+addr+blobPath(g.digest), nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	g.t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestANeighbourGetsGrowingContentAsItComes(t *testing.T) {
	b := newBed(t)
	addr := b.listen(b.peer())
	g := b.grow(t, 1000)
	res := g.get(addr)
	if res.ContentLength != growSize {
		t.Fatalf("the length is %d", res.ContentLength)
	}
	first := make([]byte, 1000)
	if _, err := io.ReadFull(res.Body, first); err != nil || !bytes.Equal(first, g.data[:1000]) {
		t.Fatalf("the beginning: %v", err)
	}
	g.write(1 << 20)
	second := make([]byte, 1<<20) // the end has not been written
	if _, err := io.ReadFull(res.Body, second); err != nil || !bytes.Equal(second, g.data[1000:1000+1<<20]) {
		t.Fatalf("the middle: %v", err)
	}
	g.commit()
	wantBytes(t, res, g.digest, 200, g.data[1000+1<<20:])
	wantBytes(t, g.get(addr), g.digest, 200, g.data) // the committed blob
}

// What the mirror relays can be had by neighbours before the client has written
// any of it.
func TestANeighbourGetsWhatIsBeingRelayed(t *testing.T) {
	b := newBed(t)
	d := b.swarm.add(noise(100_000))
	w := storetest.Begin(t, b.store, d, 100_000, nil)
	t.Cleanup(func() { w.Close() })
	g, err := b.store.OpenGrowing(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	b.arriving.fed = g
	wantBytes(t, ask(b.mirror(MirrorConfig{}), "GET", blobPath(d)), d, 200, noise(100_000))
	wantBytes(t, ask(b.peer(), "GET", blobPath(d)), d, 200, noise(100_000))
}

func TestRangesOfGrowingContent(t *testing.T) {
	b := newBed(t)
	h := b.peer()
	addr := b.listen(h)
	g := b.grow(t, 2<<20)
	for rg, want := range map[string][2]int{
		"bytes=0-9":             {0, 10},
		"bytes=1000000-":        {1000000, growSize},
		"bytes=1000000-9999999": {1000000, growSize},
		"bytes=-2097152":        {growSize - 2<<20, growSize},
	} {
		res := g.get(addr, "Range", rg)
		if res.StatusCode != http.StatusPartialContent || res.ContentLength != int64(want[1]-want[0]) {
			t.Errorf("%s: got %d, %d bytes", rg, res.StatusCode, res.ContentLength)
		}
		n := min(want[1], 2<<20) - want[0] // what is there
		got := make([]byte, n)
		if _, err := io.ReadFull(res.Body, got); err != nil || !bytes.Equal(got, g.data[want[0]:want[0]+n]) {
			t.Errorf("%s: wrong bytes, %v", rg, err)
		}
	}
	wantError(t, g.get(addr, "Range", "bytes=99999999-"), 416, codeSizeInvalid)
	if res := ask(h, "HEAD", blobPath(g.digest)); res.StatusCode != http.StatusOK || res.ContentLength != growSize {
		t.Errorf("HEAD: %d, %d bytes", res.StatusCode, res.ContentLength)
	}
}

func TestWhatIsNotHereInTimeIsAMiss(t *testing.T) {
	b := newBed(t)
	h := b.peer()
	g := b.grow(t, 1000)
	wantError(t, ask(h, "GET", blobPath(g.digest), "Range", "bytes=1000-"), 404, codeBlobUnknown)
	b.arriving.hidden[g.digest] = true
	wantError(t, ask(h, "GET", blobPath(g.digest)), 404, codeBlobUnknown)
	unsized := digest.FromString("unsized")
	w := storetest.Begin(t, b.store, unsized, 0, []byte("uns"))
	defer w.Close()
	wantError(t, ask(h, "GET", blobPath(unsized)), 404, codeBlobUnknown)
}

func TestAFailedIngestEndsTheBodyShort(t *testing.T) {
	for name, fail := range map[string]func(*growth){
		"abort":     (*growth).abort,
		"truncated": func(g *growth) { g.writer.Truncate(0) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			g := b.grow(t, 1000)
			res := g.get(b.listen(b.peer()))
			if _, err := io.ReadFull(res.Body, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			fail(g)
			if n, err := io.Copy(io.Discard, res.Body); !errors.Is(err, io.ErrUnexpectedEOF) || n > 0 {
				t.Fatalf("%d more bytes, %v", n, err)
			}
		})
	}
}

func TestGrowingContentGoesFromTheFileToTheSocket(t *testing.T) {
	b := newBed(t)
	g := b.grow(t, 2<<20)
	s := httptest.NewUnstartedServer(b.peer())
	l := &countingListener{Listener: s.Listener}
	s.Listener = l
	s.Start()
	defer s.Close()
	res := g.get(s.Listener.Addr().String())
	g.write(1 << 20)
	g.commit()
	n := int64(len(bodyOf(res)))
	const head = 4096 // headers, and the bytes that net/http sniffs
	if n != growSize || l.files.Load() < n-head || l.written.Load() > head {
		t.Errorf("%d bytes: %d from the file, %d through memory", n, l.files.Load(), l.written.Load())
	}
}

// Where the bytes do not go from the file to the socket, they pass through a
// buffer, and must not wait there for more.
func TestGrowingContentArrivesAsItComesOverTLS(t *testing.T) {
	b := newBed(t)
	g := b.grow(t, 1000)
	s := httptest.NewTLSServer(b.peer())
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), standstill/2) // its end would bring all
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+blobPath(g.digest), nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	first := make([]byte, 1000)
	if _, err := io.ReadFull(res.Body, first); err != nil || !bytes.Equal(first, g.data[:1000]) {
		t.Fatalf("the beginning: %v", err)
	}
}

func TestAClientThatLeavesGrowingContentFreesIt(t *testing.T) {
	b := newBed(t)
	p := b.peer()
	g := b.grow(t, 1000)
	res := g.get(b.listen(p))
	storetest.Eventually(t, "the upload is counted", func() bool { return p.Uploads() == 1 })
	res.Body.Close()
	storetest.Eventually(t, "the upload has ended", func() bool { return p.Uploads() == 0 })
}

// late is a store that finds its content only when asked again.
type late struct {
	Content
	asked int
}

func (l *late) Open(ctx context.Context, d digest.Digest) (store.Blob, error) {
	if l.asked++; l.asked == 1 {
		return store.Blob{}, store.ErrNotFound
	}
	return l.Content.Open(ctx, d)
}

func TestACommitBetweenTwoLooksIsNoMiss(t *testing.T) {
	b := newBed(t)
	d := b.put([]byte("just committed"))
	p := NewPeer(&late{Content: b.store}, b.inventory, b.arriving, b.chains(), Limits{}, quiet, b.metrics)
	wantBytes(t, ask(p, "GET", blobPath(d)), d, 200, []byte("just committed"))
}

func TestUploadLimitsHoldForGrowingContent(t *testing.T) {
	b := newBed(t)
	p := NewPeer(b.store, b.inventory, b.arriving, b.chains(), Limits{Rate: 1 << 20}, quiet, b.metrics)
	g := b.grow(t, 1<<20)
	began := time.Now()
	res := g.get(b.listen(p))
	if _, err := io.CopyN(io.Discard, res.Body, 1<<19); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("half a second's worth of bytes came after %v", took)
	}
}
