package registry

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/transfers"
)

func digests(blobs [][]byte) (ds []digest.Digest) {
	for _, b := range blobs {
		ds = append(ds, digest.FromBytes(b))
	}
	slices.Sort(ds)
	return ds
}

func TestAManifestHasItsMissingLayersLookedUpInOneBatch(t *testing.T) {
	doc, children := image(4)
	for name, where := range map[string]func(*bed) digest.Digest{
		"local":  func(b *bed) digest.Digest { return b.put(doc) },
		"remote": func(b *bed) digest.Digest { return b.swarm.add(doc) },
	} {
		for _, method := range []string{"GET", "HEAD"} {
			t.Run(name+" "+method, func(t *testing.T) {
				b := newBed(t)
				d := where(b)
				b.put(children[1]) // this one is here already
				res := ask(b.mirror(MirrorConfig{}), method, manifestPath(d))
				if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != typeManifest {
					t.Fatalf("got %d %s", res.StatusCode, res.Header.Get("Content-Type"))
				}
				if len(b.swarm.prefetched) != 1 {
					t.Fatalf("%d batches", len(b.swarm.prefetched))
				}
				got := slices.Sorted(slices.Values(b.swarm.prefetched[0]))
				if want := digests(slices.Delete(slices.Clone(children), 1, 2)); !slices.Equal(got, want) {
					t.Errorf("got %v, want %v", got, want)
				}
			})
		}
	}
}

func TestACompleteImageIsNotLookedUp(t *testing.T) {
	doc, children := image(2)
	b := newBed(t)
	for _, c := range children {
		b.put(c)
	}
	ask(b.mirror(MirrorConfig{}), "GET", manifestPath(b.put(doc)))
	if len(b.swarm.prefetched) != 0 {
		t.Errorf("looked up %v", b.swarm.prefetched)
	}
}

func TestABatchIsNoLargerThanATrackerTakes(t *testing.T) {
	doc, _ := image(1500)
	b := newBed(t)
	ask(b.mirror(MirrorConfig{}), "GET", manifestPath(b.swarm.add(doc)))
	if n := len(b.swarm.prefetched[0]); n != 1000 {
		t.Errorf("%d digests in a batch", n)
	}
}

func TestARemoteManifest(t *testing.T) {
	doc, _ := image(1)
	b := newBed(t)
	d := b.swarm.add(doc)
	m := b.mirror(MirrorConfig{})
	wantBytes(t, ask(m, "HEAD", manifestPath(d)), d, 200, nil, "Content-Type", typeManifest)
	wantBytes(t, ask(m, "GET", manifestPath(d)+"?ns=quay.io"), d, 200, doc, "Content-Type", typeManifest)
	all := b.transfers.Find(d)
	if len(all) != 1 || all[0].Result != transfers.Peer || all[0].Kind != transfers.Manifest ||
		all[0].Bytes != int64(len(doc)) || len(all[0].Sources) != 1 || all[0].Sources[0].Node != "n1" {
		t.Errorf("recorded %+v", all)
	}
}

func TestARemoteBlobIsNoManifest(t *testing.T) {
	b := newBed(t)
	d := b.swarm.add(noise(1000))
	wantError(t, ask(b.mirror(MirrorConfig{}), "GET", manifestPath(d)), 404, codeManifestUnknown)
	if all := b.transfers.Find(d); len(all) != 1 || all[0].Result != transfers.Miss {
		t.Errorf("recorded %+v", all)
	}
}

func TestLocalAndMissedTransfersAreRecorded(t *testing.T) {
	b := newBed(t)
	m := b.mirror(MirrorConfig{})
	here, nowhere := b.put(noise(1000)), digest.FromString("nowhere")
	ask(m, "GET", blobPath(here), "Range", "bytes=400-")
	ask(m, "GET", blobPath(nowhere))
	if tr := b.recorded(here); tr.Result != transfers.Local || tr.Bytes != 600 || tr.Offset != 400 || tr.FirstByte <= 0 {
		t.Errorf("recorded %+v", tr)
	}
	if tr := b.recorded(nowhere); tr.Result != transfers.Miss || tr.Bytes != 0 || tr.Err == "" {
		t.Errorf("recorded %+v", tr)
	}
}

func TestQuarantinedContentComesFromNeighbours(t *testing.T) {
	b := newBed(t)
	p := noise(1000)
	d := b.put(p)
	b.swarm.add(p)
	b.inventory.wrong[d] = true
	wantBytes(t, ask(b.mirror(MirrorConfig{}), "GET", blobPath(d)), d, 200, p)
	if tr := b.recorded(d); tr.Result != transfers.Peer {
		t.Errorf("recorded %+v", tr)
	}
}

// brokenStore can't open anything.
type brokenStore struct{}

func (brokenStore) Open(context.Context, digest.Digest) (store.Blob, error) {
	return store.Blob{}, errBoom
}

func TestWithABrokenStoreNeighboursAreAsked(t *testing.T) {
	b := newBed(t)
	m, p := b.mirror(MirrorConfig{}), b.peer()
	m.local.content, p.local.content = brokenStore{}, brokenStore{}
	blob := noise(1000)
	d := b.swarm.add(blob)
	b.inventory.set(d, true)
	wantBytes(t, ask(m, "GET", blobPath(d)), d, 200, blob)
	wantError(t, ask(p, "GET", blobPath(d)), 404, codeBlobUnknown)
	if len(b.inventory.withdrawn) > 0 {
		t.Error("content was withdrawn because the store did not work")
	}
}

func TestTheMirrorSaysWhyItMisses(t *testing.T) {
	b := newBed(t)
	res := ask(b.mirror(MirrorConfig{}), "GET", blobPath(digest.FromString("nowhere")))
	if got := string(bodyOf(res)); !strings.Contains(got, fetcher.ErrNoSource.Error()) {
		t.Errorf("got %s", got)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for name, c := range map[string]MirrorConfig{
		"registry.example": {TagPolicy: map[string]string{"registry.example": "sometimes"}},
		"quay.io":          {Upstreams: map[string]string{"quay.io": "quay.io:443"}},
		"ghcr.io":          {Upstreams: map[string]string{"ghcr.io": "ftp://ghcr.io"}},
	} {
		_, err := NewMirror(c, MirrorParts{}, quiet, newBed(t).metrics)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// FuzzMirror asks for anything at all. Whatever it is, containerd gets one of
// the answers that it can go on from.
func FuzzMirror(f *testing.F) {
	doc, _ := image(1)
	f.Add("GET", manifestPath(digest.FromBytes(doc)), "ns=docker.io", "")
	f.Add("GET", blobPath(digest.FromBytes(noise(5000))), "ns=docker.io", "bytes=4000-")
	f.Add("GET", blobPath(digest.FromBytes(nil)), "", "bytes=0-")
	f.Add("HEAD", "/v2/library/redis/manifests/7", "ns=docker.io", "")
	f.Add("GET", "/v2/../blobs/sha256:"+hex256, "ns=a&ns=b", "bytes=-")
	f.Add("PUT", "/v2/", "%", "bytes=1-0")
	b := newBed(f)
	b.put(doc)
	b.put(nil)
	b.swarm.add(noise(5000))
	m := b.mirror(MirrorConfig{TagPolicy: map[string]string{"*": "prefer"}})
	f.Fuzz(func(t *testing.T, method, path, query, rg string) {
		r, err := http.NewRequest(method, "http://mirror/", nil)
		if err != nil {
			t.Skip()
		}
		r.URL.Path, r.URL.RawQuery = path, query
		r.Header["Range"] = []string{rg}
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		res := w.Result()
		if !slices.Contains([]int{200, 206, 404, 405}, res.StatusCode) || res.Header.Get("Content-Encoding") != "" {
			t.Fatalf("got %d %v", res.StatusCode, res.Header)
		}
		if (res.StatusCode == http.StatusMethodNotAllowed) == (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			t.Fatalf("%s: got %d", r.Method, res.StatusCode)
		}
		var e struct{ Errors []json.RawMessage }
		if res.StatusCode >= 400 && (json.Unmarshal(bodyOf(res), &e) != nil || len(e.Errors) != 1) {
			t.Fatalf("%d without the spec's error document", res.StatusCode)
		}
	})
}
