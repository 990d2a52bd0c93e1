package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

// neighbours is the real fetcher, as the mirror wants it.
type neighbours struct{ *fetcher.Fetcher }

func (n neighbours) Fetch(ctx context.Context, r fetcher.Request) (Stream, error) {
	s, err := n.Fetcher.Fetch(ctx, r)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// tracker says of every digest that all neighbours have it.
type tracker struct {
	mu      sync.Mutex
	handout trackerapi.Handout
	reports []trackerapi.Report
}

func (k *tracker) Join(context.Context, trackerapi.JoinRequest, time.Duration) (trackerapi.JoinResponse, error) {
	return trackerapi.JoinResponse{}, errors.New("no joins here")
}

func (k *tracker) Lookup(_ context.Context, ds []digest.Digest) ([]trackerapi.Handout, error) {
	return slices.Repeat([]trackerapi.Handout{k.handout}, len(ds)), nil
}

func (k *tracker) Report(r trackerapi.Report) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.reports = append(k.reports, r)
}

// real makes a mirror whose neighbours are the given beds.
func (b *bed) real(peers ...*bed) (*Mirror, *tracker) {
	k := &tracker{}
	for i, p := range peers {
		name := fmt.Sprint("n", i+1)
		k.handout = append(k.handout, trackerapi.Holder{Node: name, Epoch: 1, Addr: p.listen(p.peer())})
	}
	f := fetcher.New(fetcher.Config{ChainWait: time.Minute, SlowPiece: time.Minute}, k, k, quiet, prometheus.NewRegistry())
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	b.t.Cleanup(func() { stop(); <-done })
	m := b.mirror(MirrorConfig{HeaderTimeout: 5 * time.Second})
	m.fetcher = neighbours{f}
	return m, k
}

func TestABlobFromARealNeighbour(t *testing.T) {
	p := noise(3 << 20)
	here, there := newBed(t), newBed(t)
	d := there.put(p)
	m, _ := here.real(there)
	addr := here.listen(m)
	for rg, want := range map[string][]byte{
		"": p, "bytes=1000000-": p[1000000:], "bytes=5-14": p[5:15], "bytes=3145700-9999999": p[3145700:], "bytes=-7": p[len(p)-7:],
	} {
		r, _ := http.NewRequest(http.MethodGet, "http://"+addr+blobPath(d)+"?ns=docker.io", nil)
		status := 200
		if rg != "" {
			r.Header.Set("Range", rg)
			status = 206
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		wantBytes(t, res, d, status, want)
		res.Body.Close()
	}
	for _, path := range []string{blobPath(d), "/v2/a/blobs/" + d.String()} {
		if res := ask(m, "HEAD", path); res.StatusCode != http.StatusOK || res.ContentLength != 3<<20 {
			t.Errorf("HEAD: got %d, %d bytes", res.StatusCode, res.ContentLength)
		}
	}
	wantError(t, ask(m, "GET", blobPath(d), "Range", "bytes=3145728-"), 404, codeBlobUnknown)
	for _, tr := range here.transfers.Find(d) {
		if tr.Result == transfers.Peer && (len(tr.Sources) != 1 || tr.Sources[0].Node != "n1") {
			t.Errorf("recorded %+v", tr)
		}
	}
}

func TestAManifestFromARealNeighbour(t *testing.T) {
	doc, _ := image(2)
	here, there := newBed(t), newBed(t)
	d := there.put(doc)
	m, _ := here.real(there)
	wantBytes(t, ask(m, "HEAD", manifestPath(d)), d, 200, nil, "Content-Type", typeManifest)
	wantBytes(t, ask(m, "GET", manifestPath(d)), d, 200, doc, "Content-Type", typeManifest)
}

// A neighbour whose copy has rotted: containerd never gets the whole of it, and
// what it got is aborted.
func TestAFlippedBitInANeighboursFile(t *testing.T) {
	p := noise(3 << 20)
	here, there := newBed(t), newBed(t)
	d := there.put(p)
	flip(t, there, d)
	m, k := here.real(there)
	res, got, end := get(t, here.listen(m), blobPath(d))
	if res.StatusCode != http.StatusOK || len(got) >= len(p) || !errors.Is(end, io.EOF) {
		t.Errorf("got %d, %d bytes, ended with %v", res.StatusCode, len(got), end)
	}
	if tr := here.recorded(d); tr.Result != transfers.Failed {
		t.Errorf("recorded %+v", tr)
	}
	want := []string{fmt.Sprint("abort ", d), fmt.Sprint("watch ", d, "[n1]")}
	if calls := here.guard.all(); !slices.Equal(calls, want) {
		t.Errorf("the guard was told %v", calls)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.reports) != 1 || k.reports[0].Kind != trackerapi.KindCorrupt {
		t.Errorf("reported %+v", k.reports)
	}
}

// flip changes one bit of a blob on the disk.
func flip(t *testing.T, b *bed, d digest.Digest) { t.Helper(); flipAt(t, b, d, 12345) }

func flipAt(t *testing.T, b *bed, d digest.Digest, at int) {
	t.Helper()
	blob, err := b.store.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer blob.Close()
	name := blob.ReadSeekCloser.(*os.File).Name()
	if err := os.Chmod(name, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	bit := make([]byte, 1)
	if _, err := f.ReadAt(bit, int64(at)); err != nil {
		t.Fatal(err)
	}
	bit[0] ^= 1
	if _, err := f.WriteAt(bit, int64(at)); err != nil {
		t.Fatal(err)
	}
}
