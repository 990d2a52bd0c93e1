package registry

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/seeder/transfers"
)

// chainTime is how long a neighbour may wait for the end of a chain: more than any
// takes that is worth it.
const chainTime = 2 * time.Minute

// Chains has the chains of this node's content.
type Chains interface {
	// Chain is that of a blob of so many bytes. It may still grow, until leave is
	// called. It fails with [chain.ErrBusy], and with [chain.ErrNone].
	Chain(d digest.Digest, size int64) (c *chain.Chain, leave func(), err error)
}

// chain sends what proves a blob that this node has, whoever sends the blob.
func (p *Peer) chain(w http.ResponseWriter, r *http.Request, d digest.Digest) error {
	t := target{kind: transfers.Blob, digest: d}
	b, err := p.local.open(r.Context(), d)
	if err != nil {
		return p.miss(t, err)
	}
	_ = b.Close()
	c, leave, err := p.chains.Chain(d, b.Size)
	if errors.Is(err, chain.ErrBusy) {
		return errBusy
	}
	if err != nil {
		return t.unknown(err.Error())
	}
	defer leave()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(c.Wire(), 10))
	if r.Method == http.MethodHead {
		return nil
	}
	ctx, cancel := context.WithTimeout(r.Context(), chainTime)
	defer cancel()
	out := newBody(ctx, w)
	if err := c.Send(ctx, out, func() { _ = out.ctl.Flush() }); err != nil {
		p.log.Debug("chain ends short", "digest", d, "peer", r.RemoteAddr, "sent", out.sent, "error", err)
	}
	return nil
}
