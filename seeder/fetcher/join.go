package fetcher

import (
	"context"
	"errors"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// place says who is to be asked for a blob, and when that was found out. A look
// takes no place in the swarm. When no tracker answers a join, what a lookup
// brings will do: an answer that is still there, or the last one.
func (f *Fetcher) place(ctx context.Context, w want) (p place, err error) {
	if !w.look {
		p.handout, err = f.join(ctx, w)
		p.at, p.joined = time.Now(), err == nil
		if err == nil || errors.Is(err, ErrNoSource) || ctx.Err() != nil {
			return p, err
		}
	}
	p.handout, p.at, err = f.handouts.get(ctx, w.digest)
	return p, err
}

// place is an answer of the trackers.
type place struct {
	handout trackerapi.Handout
	at      time.Time
	joined  bool // the places in it are kept for this node
}

// join takes a place, or returns an ErrNoSource: nobody has it, so the origin
// has to be asked. Requests for the same bytes that come together share one.
// Who has been sent to the origin for it a moment ago does not wait again: he comes
// back since something went wrong on the way.
func (f *Fetcher) join(ctx context.Context, w want) (trackerapi.Handout, error) {
	m := w.join()
	m.WaitMS = f.cfg.OriginWait.Milliseconds()
	if f.dismissed.lately(w.digest) {
		m.Hurry, m.WaitMS = true, 0
	}
	r, err := f.waitFor(ctx, m)
	if err != nil || len(r.Handout) > 0 {
		return r.Handout, err
	}
	f.dismissed.note(w.digest)
	if r.Lease {
		return nil, ErrLease
	}
	return nil, ErrNoSource
}

func (f *Fetcher) waitOnce(ctx context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.LookupTimeout+f.cfg.OriginWait)
	defer cancel()
	return f.joins.ask(ctx, joinKey{m.Digest, m.Offset}, func(ctx context.Context) (trackerapi.JoinResponse, error) {
		return f.enter(ctx, m)
	})
}

// enter asks for a place with somebody who has not failed a body of this digest a
// moment ago. Where all who are named are known to be of no use for it, the tracker
// is told so, once.
func (f *Fetcher) enter(ctx context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	r, err := f.others(ctx, m)
	useless := f.useless(m.Digest, r.Handout)
	if err == nil && len(useless) > 0 && len(useless) == len(r.Handout) {
		m.Avoid = useless
		return f.ask(ctx, m)
	}
	return r, err
}

// others leaves out who has failed of late. A whole holder may just have been slow,
// and is better than the origin, which may not be there; a partial one waits for
// somebody else.
func (f *Fetcher) others(ctx context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	all, partial := f.avoided.nodes(m.Digest, false), f.avoided.nodes(m.Digest, true)
	if len(all) > len(partial) {
		first := m
		first.Avoid, first.Hurry, first.WaitMS = all, true, 0
		if r, err := f.ask(ctx, first); err == nil && len(r.Handout) > 0 {
			return r, nil
		}
	}
	m.Avoid = partial
	return f.ask(ctx, m)
}

// rejoin asks for other parents in the middle of a body. It never waits: with
// nobody there the body ends, containerd asks for the rest, and that question
// may.
func (f *Fetcher) rejoin(ctx context.Context, w want, avoid []string) []candidate {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.LookupTimeout)
	defer cancel()
	m := w.join()
	m.Hurry, m.Avoid = true, avoid
	r, err := f.ask(ctx, m)
	if err != nil {
		return f.again(ctx, w.digest)
	}
	return f.candidates(w.digest, r.Handout)
}

// join is what the trackers are told about a want.
func (w want) join() trackerapi.JoinRequest {
	m := trackerapi.JoinRequest{Digest: w.digest, Offset: w.offset, Size: w.size, Registry: w.registry}
	if w.size < 0 {
		m.Size = w.said
	}
	return m
}

func (f *Fetcher) ask(ctx context.Context, m trackerapi.JoinRequest) (trackerapi.JoinResponse, error) {
	r, err := f.trackers.Join(ctx, m, f.silence(m.Digest))
	if err == nil {
		f.met.note([]digest.Digest{m.Digest}, []trackerapi.Handout{r.Handout})
	}
	f.metrics.joins.WithLabelValues(joinResult(r, err)).Inc()
	return r, err
}

// silence is how long trackers may take to say anything. Where somebody is known to
// have the digest, that is no longer than for a lookup; else one more copy from the
// origin would follow. The other half of the wait is for others' first bytes.
func (f *Fetcher) silence(d digest.Digest) time.Duration {
	if f.handouts.has(d) {
		return 0
	}
	return f.cfg.OriginWait / 2
}

// useless names those of a handout who are not to be asked for this digest.
func (f *Fetcher) useless(d digest.Digest, h trackerapi.Handout) (nodes []string) {
	for _, holder := range h {
		if f.grudges.has(grudge{d, holder.Addr, holder.Epoch}) {
			nodes = append(nodes, holder.Node)
		}
	}
	return nodes
}
