package fetcher

import (
	"context"
	"errors"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// AheadHeader marks a request for bytes that somebody else would send a little
// later. A node answers it only while it sends nothing to anybody, and otherwise
// as a busy one: what many ask for at once is not to be sent in more pieces.
const AheadHeader = "Dray-Ahead"

// maxLate is after how many pieces in a row that came too late a helper ends.
const maxLate = 2

// helper is a peer that sends pieces ahead of the parent, one after the other. It
// ends by itself when it fails, or when there is nothing left for it to do. The
// reader never depends on it.
type helper struct {
	candidate
	ahead *ahead

	rate    float64 // bytes per second; 0: not known; its own
	late    int     // its own
	retired bool    // it finishes its piece; guarded by ahead.mu
}

func (h *helper) run() {
	for p := h.ahead.take(h); p != nil; p = h.ahead.take(h) {
		err := h.fetch(p)
		h.ahead.finish(p)
		if err != nil && !h.forgive(p, err) {
			return
		}
	}
}

// forgive says whether the helper may go on after a piece that was not completed.
func (h *helper) forgive(p *piece, err error) bool {
	f := h.ahead.f
	switch cause := context.Cause(p.ctx); {
	case errors.Is(cause, errLate):
		h.late++
		return h.late < maxLate
	case errors.Is(cause, errStalled) && p.filled.Load() == 0:
		err = failed(trackerapi.KindTimeout, "silent for %s", p.silent())
	case errors.Is(cause, errStalled):
		err = failed(trackerapi.KindStall, "%w", errStalled)
	case cause != nil:
		return false // nobody wants it any more
	}
	w := h.ahead.part(span{p.from + p.filled.Load(), p.to})
	if blameOf(err) != trackerapi.KindOverloaded { // it was asked whether it has nothing else to do
		f.blame(h.candidate, err, w)
	}
	return false
}

// fetch fills a piece.
func (h *helper) fetch(p *piece) error {
	cfg := &h.ahead.f.cfg
	silent := time.AfterFunc(cfg.FirstByteTimeout, func() { p.cancel(errStalled) })
	defer silent.Stop()
	parent, err := open(p.ctx, h.candidate, h.ahead.part(p.span))
	if err != nil {
		return err
	}
	defer parent.close()
	h.peer.answered(time.Since(p.began))
	for !p.complete() {
		silent.Reset(cfg.StallLimit)
		n, err := parent.Read(p.data[p.filled.Load():p.size()])
		if h.ahead.add(p, n); n == 0 && err != nil {
			h.learn(p)
			return failed(trackerapi.KindShort, "%w", err)
		}
	}
	h.learn(p)
	h.late = 0
	h.peer.delivered()
	return nil
}

// learn notes how fast pieces come.
func (h *helper) learn(p *piece) {
	rate := float64(p.filled.Load()) / time.Since(p.began).Seconds()
	if h.rate > 0 {
		rate = (rate + h.rate) / 2
	}
	h.rate = max(rate, 1)
}
