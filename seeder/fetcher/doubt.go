package fetcher

import (
	"context"
	"net/http"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// doubt finds out, in the background, whether a parent that stood still is gone.
// One that has only the beginning of a blob may wait for its own source, as may
// everybody before it: if it answers, that is nobody's fault, and no reason to
// have the trackers suspect it.
func (f *Fetcher) doubt(c candidate, why *failure, w want) {
	look := func(ctx context.Context) {
		if c.lives(ctx, f.cfg.SilentAfter) {
			f.log.Debug("parent stood still", "peer", c.Node, "digest", w.digest, "offset", w.offset)
			return
		}
		if ctx.Err() == nil {
			f.blame(c, why, w)
		}
	}
	if !f.spawn(look) {
		f.blame(c, why, w)
	}
}

// standstill says that a parent's silence may be that of its own source.
func standstill(p *parent, why *failure) bool {
	return p.Partial && why.kind == trackerapi.KindStall
}

// lives asks for nothing but an answer.
func (c candidate) lives(ctx context.Context, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+c.Addr+"/v2/", http.NoBody)
	if err != nil {
		return false
	}
	res, err := c.peer.transport.RoundTrip(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return true
}
