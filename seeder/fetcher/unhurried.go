package fetcher

import (
	"context"
	"time"
)

// What is different about a body that nobody waits for. Its parents slow it down
// while they send to others, and then pause; it comes from one of them at a time,
// since helpers would fill this node's link; and a dead parent costs nobody
// anything.
const (
	unhurriedStall = 2 * time.Second
	unhurriedLimit = 10 * time.Second
)

// minStall is the shortest silence of the parent that counts as a stall.
func (b *body) minStall() time.Duration {
	if b.unhurried {
		return unhurriedStall
	}
	return b.parent.minStall(b.f.cfg.MinStall)
}

func (b *body) stallLimit(c candidate) time.Duration {
	if b.unhurried {
		return unhurriedLimit
	}
	return b.f.cfg.stallLimit(c)
}

// hurry is for when somebody has begun to wait. The same parent is asked again, as
// one who may not be slowed down any more.
func (w *flow) hurry() {
	if !w.unhurried || w.f.cfg.Unhurried(w.ctx) {
		return
	}
	w.unhurried, w.pilot.most = false, w.f.cfg.Sources
	if w.ended() || w.body.parent == nil {
		return
	}
	p := w.body.parent
	w.limit = w.stallLimit(p.candidate)
	ctx, cancel := context.WithCancel(w.ctx)
	late := time.AfterFunc(moveWait, cancel)
	next, err := open(ctx, p.candidate, w.next())
	if !late.Stop() || err != nil {
		cancel()
		w.stayed(p.candidate, next, err)
		return
	}
	w.f.log.Debug("somebody waits for it now", "digest", w.want.digest, "offset", w.want.offset)
	p.close()
	w.paused = p.Node // it is no other one
	w.use(next)
}
