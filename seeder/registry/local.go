package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// local is this node's own content, for both sides.
type local struct {
	content   Content
	inventory Inventory
}

// open finds committed content that is not known to be wrong. What the
// inventory promised and the store does not have is withdrawn. The promise is
// read first: a blob that is committed between the two steps stays.
func (l local) open(ctx context.Context, d digest.Digest) (store.Blob, error) {
	if l.inventory.Quarantined(d) {
		return store.Blob{}, fmt.Errorf("its bytes are wrong here: %w", store.ErrNotFound)
	}
	promised := l.inventory.Has(d)
	b, err := l.content.Open(ctx, d)
	if promised && errors.Is(err, store.ErrNotFound) {
		l.inventory.Withdraw(d)
	}
	return b, err
}

// manifest reads a whole manifest; errNoManifest for any other content.
func (l local) manifest(ctx context.Context, d digest.Digest) (manifest, error) {
	b, err := l.open(ctx, d)
	if err != nil {
		return manifest{}, err
	}
	defer b.Close()
	if b.Size > maxManifest {
		return manifest{}, errNoManifest
	}
	doc := make([]byte, b.Size)
	if _, err := io.ReadFull(b, doc); err != nil {
		return manifest{}, fmt.Errorf("read %s: %w", d, err)
	}
	return parseManifest(doc)
}

// serveBlob answers with a blob of this node, or the range of it that was asked
// for, which it returns. [http.ServeContent] sees a request without conditions: it would answer
// 304 and 412, which no mirror may.
func serveBlob(w *body, r *http.Request, d digest.Digest, b store.Blob) (s span, err error) {
	plain := &http.Request{Method: r.Method, Header: http.Header{}}
	if rg, ok := requestedRange(r, etag(d)); ok {
		if s, ok = rg.within(b.Size); !ok {
			return s, unsatisfiable(b.Size)
		}
		if s.length > 0 {
			plain.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", s.offset, s.offset+s.length-1))
		}
	}
	blobHeaders(w.Header(), d)
	http.ServeContent(w, plain, "", time.Time{}, b.ReadSeekCloser)
	return s, nil
}

func blobHeaders(h http.Header, d digest.Digest) {
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Accept-Ranges", "bytes")
	h.Set("Docker-Content-Digest", d.String())
	h.Set("Etag", etag(d))
}

func etag(d digest.Digest) string { return `"` + d.String() + `"` }
