package fetcher

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/shared/trackerapi"
)

// maxWitnesses is how many nodes are asked for the chain of one body, one after the
// other.
const maxWitnesses = 3

var errNoChain = errors.New("it has no chain")

// witness is a holder that is not the parent, and whose chain proves the parent's
// bytes. It is a favour: nobody waits for it for more than a moment. The methods
// work on nil, too: there is none then.
type witness struct {
	candidate
	chain  *chain.Chain
	cancel context.CancelCauseFunc
}

// link is the i-th of the chain; nil if it is not known.
func (w *witness) link(i int) []byte {
	if w == nil {
		return nil
	}
	return w.chain.Link(i)
}

// due says that links may still come.
func (w *witness) due() bool {
	if w == nil {
		return false
	}
	over, _ := w.chain.Met()
	return !over
}

// failed says that the chain has ended, and is not true, or not whole.
func (w *witness) failed() bool {
	if w == nil {
		return false
	}
	over, met := w.chain.Met()
	return over && !met
}

// met says that the chain has ended in the digest.
func (w *witness) met() bool {
	if w == nil {
		return false
	}
	_, met := w.chain.Met()
	return met
}

// summon asks another holder of the whole for the chain, if there is one, while the
// parent has all of it, too.
func (c *checker) summon() {
	if c.width == 0 || len(c.asked) >= maxWitnesses || c.body.parent == nil || c.grows() || c.want.end-c.want.offset <= c.f.cfg.SmallBlob {
		return
	}
	peer, ok := c.another(func(node string) bool { return c.asked[node] || node == c.body.parent.Node })
	if !ok {
		return
	}
	links, err := chain.New(c.want.digest, c.want.size)
	if err != nil {
		return
	}
	c.asked[peer.Node] = true
	ctx, cancel := context.WithCancelCause(c.ctx)
	w := &witness{candidate: peer, chain: links, cancel: cancel}
	c.witness = w
	c.wg.Go(func() { c.f.hear(ctx, w) })
}

// catchUp finds out whether the chain proves what was given on before, and whether
// another witness is needed.
func (c *checker) catchUp() {
	if c.witness.failed() {
		c.dismiss()
	}
	if c.witness == nil {
		c.summon()
	}
	if c.sure == c.from {
		return
	}
	before := chain.Len(c.from) - 1
	switch link := c.witness.link(before); {
	case link == nil:
	case bytes.Equal(link, c.own(before)):
		c.sure = c.from
	default:
		c.dismiss()
	}
}

// dismiss does without the witness.
func (c *checker) dismiss() {
	if c.witness != nil {
		c.witness.cancel(nil)
		c.witness = nil
	}
}

// hear receives the chain to its end. A witness that can't be reached is reported
// like any peer; that it has no chain is no fault.
func (f *Fetcher) hear(ctx context.Context, w *witness) {
	err := w.hear(ctx, f.cfg)
	w.chain.Break()
	if blameOf(err) != "" {
		f.blame(w.candidate, err, want{digest: w.chain.Digest()})
	}
	result := "unmet"
	switch {
	case w.met():
		result = "met"
	case errors.Is(err, errNoChain):
		result = "none"
	case err != nil:
		result = "broken"
	}
	f.metrics.chains.WithLabelValues(result).Inc()
	f.log.Debug("chain received", "peer", w.Node, "digest", w.chain.Digest(), "result", result, "error", err)
}

func (w *witness) hear(ctx context.Context, cfg Config) error {
	defer w.cancel(nil)
	silent := time.AfterFunc(cfg.FirstByteTimeout, func() { w.cancel(errStalled) })
	defer silent.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.Addr+chain.Path(w.chain.Digest()), http.NoBody)
	if err != nil {
		return err
	}
	res, err := w.peer.via(w.Node, w.peer.transport).RoundTrip(req)
	if err != nil && errors.Is(context.Cause(ctx), errStalled) {
		return failed(trackerapi.KindTimeout, "silent for %s", cfg.FirstByteTimeout)
	}
	if err != nil {
		return failed(kindOf(err), "%w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK || res.ContentLength != w.chain.Wire() {
		return fmt.Errorf("%w: status %d, %d bytes", errNoChain, res.StatusCode, res.ContentLength)
	}
	return w.chain.Receive(moving{res.Body, func() { silent.Reset(cfg.StallLimit) }})
}

// moving tells of each read.
type moving struct {
	io.Reader
	moved func()
}

func (m moving) Read(p []byte) (int, error) {
	m.moved()
	return m.Reader.Read(p)
}
