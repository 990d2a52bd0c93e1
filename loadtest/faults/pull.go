package faults

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
)

// pullTimeout is more than any pull takes that does not hang.
const pullTimeout = 2 * time.Minute

// pull is what a client has seen of one GET.
type pull struct {
	firstByte time.Duration // until the first byte of the body
	took      time.Duration // until its end
	pause     time.Duration // the longest one between two bytes
	size      int64         // bytes
	err       error         // anything but the whole of the right blob
}

// pull asks the node's mirror for a blob. progress, if not nil, is told of each
// byte that has come; the pull waits for it.
func (n *node) pull(d digest.Digest, progress func(size int64)) (p pull) {
	ctx, cancel := context.WithTimeout(n.site.t.Context(), pullTimeout)
	defer cancel()
	url := fmt.Sprintf("%s/v2/faults/app/blobs/%s?ns=registry.test", testbed.MirrorURL, d)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return pull{err: err}
	}
	began := time.Now()
	res, err := n.host.Client().Do(req)
	if err != nil {
		return pull{err: err}
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return pull{took: time.Since(began), err: fmt.Errorf("status %d", res.StatusCode)}
	}
	p.err = p.read(res.Body, d, began, progress)
	p.took = time.Since(began)
	return p
}

func (p *pull) read(body io.Reader, d digest.Digest, began time.Time, progress func(int64)) error {
	check := d.Verifier()
	buf := make([]byte, 256<<10)
	for last := began; ; {
		n, err := body.Read(buf)
		now := time.Now()
		if n > 0 {
			if p.size == 0 {
				p.firstByte = now.Sub(began)
			} else {
				p.pause = max(p.pause, now.Sub(last))
			}
			last = now
			p.size += int64(n)
			_, _ = check.Write(buf[:n])
			if progress != nil {
				progress(p.size)
			}
		}
		switch {
		case err == io.EOF && check.Verified():
			return nil
		case err == io.EOF:
			return fmt.Errorf("%d bytes, which are not those of %s", p.size, d)
		case err != nil:
			return fmt.Errorf("after %d bytes: %w", p.size, err)
		}
	}
}

// pulling pulls in the background. The channel is closed once so many bytes are
// there, or the pull has ended; wait returns what became of it.
func (n *node) pulling(d digest.Digest, size int64) (reached <-chan struct{}, wait func() pull) {
	var p pull
	var done sync.WaitGroup
	at := make(chan struct{})
	closed := sync.OnceFunc(func() { close(at) })
	done.Go(func() {
		defer closed()
		p = n.pull(d, func(now int64) {
			if now >= size {
				closed()
			}
		})
	})
	return at, func() pull { done.Wait(); return p }
}
