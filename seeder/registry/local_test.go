package registry

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
)

// sides runs a test against both faces of the same node.
func sides(t *testing.T, test func(*testing.T, *bed, http.Handler)) {
	t.Run("mirror", func(t *testing.T) { b := newBed(t); test(t, b, b.mirror(MirrorConfig{})) })
	t.Run("peer", func(t *testing.T) { b := newBed(t); test(t, b, b.peer()) })
}

func TestBothSidesArePinged(t *testing.T) {
	sides(t, func(t *testing.T, _ *bed, h http.Handler) {
		for _, path := range []string{"/v2/", "/v2", "/v2/?ns=docker.io"} {
			for _, method := range []string{"GET", "HEAD"} {
				if res := ask(h, method, path); res.StatusCode != http.StatusOK {
					t.Errorf("%s %s: got %d", method, path, res.StatusCode)
				}
			}
		}
	})
}

func TestLocalBlobs(t *testing.T) {
	p := noise(100_000)
	size := strconv.Itoa(len(p))
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(p)
		for _, c := range []struct {
			method, header, value string
			status                int
			want                  []byte
			length, contentRange  string
		}{
			{"GET", "", "", 200, p, size, ""},
			{"HEAD", "", "", 200, nil, size, ""},
			{"GET", "Range", "bytes=0-", 206, p, size, "bytes 0-99999/100000"},
			{"GET", "Range", "bytes=99990-", 206, p[99990:], "10", "bytes 99990-99999/100000"},
			{"GET", "Range", "bytes=5-14", 206, p[5:15], "10", "bytes 5-14/100000"},
			{"GET", "Range", "bytes=-10", 206, p[99990:], "10", "bytes 99990-99999/100000"},
			{"GET", "Range", "bytes=5-999999", 206, p[5:], "99995", "bytes 5-99999/100000"},
			{"GET", "Range", "bytes=0-1,5-6", 200, p, size, ""},
			{"GET", "Range", "bytes=x", 200, p, size, ""},
			{"HEAD", "Range", "bytes=5-14", 200, nil, size, ""},
			{"GET", "Accept-Encoding", "zstd, gzip, deflate", 200, p, size, ""},
			{"GET", "If-None-Match", `"` + d.String() + `"`, 200, p, size, ""},
			{"GET", "If-Match", `"other"`, 200, p, size, ""},
			{"GET", "If-Modified-Since", "Wed, 21 Oct 2035 07:28:00 GMT", 200, p, size, ""},
		} {
			t.Run(c.method+" "+c.header+" "+c.value, func(t *testing.T) {
				wantBytes(t, ask(h, c.method, blobPath(d), c.header, c.value), d, c.status, c.want,
					"Content-Type", "application/octet-stream", "Accept-Ranges", "bytes",
					"Content-Length", c.length, "Content-Range", c.contentRange)
			})
		}
	})
}

func TestAnEmptyBlob(t *testing.T) {
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(nil)
		for _, rg := range []string{"", "bytes=0-", "bytes=5-9", "bytes=-1"} {
			wantBytes(t, ask(h, "GET", blobPath(d), "Range", rg), d, 200, nil, "Content-Length", "0", "Content-Range", "")
		}
	})
}

func TestRangesOutsideOfALocalBlob(t *testing.T) {
	b := newBed(t)
	d := b.put(noise(10))
	m, p := b.mirror(MirrorConfig{}), b.peer()
	for _, rg := range []string{"bytes=10-", "bytes=10-20", "bytes=-0"} {
		wantError(t, ask(m, "GET", blobPath(d), "Range", rg), 404, codeSizeInvalid)
		wantError(t, ask(p, "GET", blobPath(d), "Range", rg), 416, codeSizeInvalid)
	}
}

func TestLocalManifests(t *testing.T) {
	doc, _ := image(2)
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(doc)
		size := strconv.Itoa(len(doc))
		wantBytes(t, ask(h, "GET", manifestPath(d)), d, 200, doc, "Content-Type", typeManifest, "Content-Length", size)
		wantBytes(t, ask(h, "HEAD", manifestPath(d)), d, 200, nil, "Content-Type", typeManifest, "Content-Length", size)
		wantBytes(t, ask(h, "GET", blobPath(d)), d, 200, doc, "Content-Type", "application/octet-stream")
	})
}

func TestABlobIsNoManifest(t *testing.T) {
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		for _, p := range [][]byte{noise(10_000), noise(maxManifest + 1), nil, []byte(`{}`)} {
			wantError(t, ask(h, "GET", manifestPath(b.put(p))), 404, codeManifestUnknown)
		}
	})
}

func TestWhatNobodyHas(t *testing.T) {
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := digest.FromString("nowhere")
		wantError(t, ask(h, "GET", blobPath(d)), 404, codeBlobUnknown)
		wantError(t, ask(h, "GET", blobPath(d), "Range", "bytes=5-"), 404, codeBlobUnknown)
		wantError(t, ask(h, "GET", manifestPath(d)), 404, codeManifestUnknown)
		wantError(t, ask(h, "GET", "/v2/library/redis/manifests/7?ns=docker.io"), 404, codeManifestUnknown)
		if res := ask(h, "HEAD", blobPath(d)); res.StatusCode != http.StatusNotFound {
			t.Errorf("HEAD: got %d", res.StatusCode)
		}
		if len(b.inventory.withdrawn) > 0 {
			t.Errorf("withdrew %v, which was never announced", b.inventory.withdrawn)
		}
	})
}

func TestAMissWithdrawsWhatWasAnnounced(t *testing.T) {
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(noise(100))
		b.remove(d)
		wantError(t, ask(h, "GET", blobPath(d)), 404, codeBlobUnknown)
		if !slices.Equal(b.inventory.withdrawn, []digest.Digest{d}) {
			t.Errorf("withdrawn: %v", b.inventory.withdrawn)
		}
	})
}

func TestQuarantinedContentIsNotServed(t *testing.T) {
	doc, _ := image(1)
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(doc)
		b.inventory.wrong[d] = true
		wantError(t, ask(h, "GET", blobPath(d)), 404, codeBlobUnknown)
		wantError(t, ask(h, "GET", manifestPath(d)), 404, codeManifestUnknown)
		if len(b.inventory.withdrawn) > 0 {
			t.Error("quarantined content was withdrawn as missing")
		}
	})
}

func TestOnlyReadingIsSupported(t *testing.T) {
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(noise(10))
		for _, method := range []string{"PUT", "POST", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "FOO"} {
			for _, path := range []string{"/v2/", blobPath(d), "/v2/a/blobs/uploads/", "/"} {
				res := ask(h, method, path)
				wantError(t, res, 405, codeUnsupported)
				if res.Header.Get("Allow") != "GET, HEAD" {
					t.Errorf("%s %s: Allow is %q", method, path, res.Header.Get("Allow"))
				}
			}
		}
	})
}

// countingConn sees how the bytes of answers reach the connection.
type countingConn struct {
	*net.TCPConn
	files   *atomic.Int64 // bytes that came straight from files
	written *atomic.Int64 // bytes that went through our memory
}

func (c countingConn) ReadFrom(r io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(r)
	if l, ok := r.(*io.LimitedReader); ok {
		if _, ok := l.R.(*os.File); ok {
			c.files.Add(n)
			return n, err
		}
	}
	c.written.Add(n)
	return n, err
}

func (c countingConn) Write(p []byte) (int, error) {
	c.written.Add(int64(len(p)))
	return c.TCPConn.Write(p)
}

type countingListener struct {
	net.Listener
	files, written atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countingConn{c.(*net.TCPConn), &l.files, &l.written}, nil
}

// net hands a file to sendfile(2) when ReadFrom gets it under exactly one limit.
func TestLocalBlobsGoFromTheFileToTheSocket(t *testing.T) {
	p := noise(5<<20 + 12345) // several pieces and a rest
	sides(t, func(t *testing.T, b *bed, h http.Handler) {
		d := b.put(p)
		s := httptest.NewUnstartedServer(h)
		l := &countingListener{Listener: s.Listener}
		s.Listener = l
		s.Start()
		defer s.Close()
		for _, rg := range []string{"", "bytes=100-"} {
			l.files.Store(0)
			l.written.Store(0)
			r, _ := http.NewRequest(http.MethodGet, s.URL+blobPath(d), nil)
			if rg != "" {
				r.Header.Set("Range", rg)
			}
			res, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			n := int64(len(bodyOf(res)))
			res.Body.Close()
			const head = 4096 // headers, and the bytes that net/http sniffs
			if l.files.Load() < n-head || l.written.Load() > head || n < 5<<20 {
				t.Errorf("%d bytes: %d from the file, %d through memory", n, l.files.Load(), l.written.Load())
			}
		}
	})
}
