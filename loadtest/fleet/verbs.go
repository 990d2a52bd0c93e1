package fleet

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	patience = 2 * time.Second  // with a tracker's answer
	longer   = 20 * time.Second // with the answer to a whole inventory
	attempts = 50               // to register or announce, while the tracker is busy
	pauseFor = 200 * time.Millisecond
)

// ask sends a message that was due at some time, and notes what becomes of it.
func ask[Req, Resp any](ctx context.Context, f *fleet, verb string, due time.Time, wait time.Duration, send func(context.Context, Req) (Resp, error), m Req) (Resp, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	resp, err := send(ctx, m)
	f.note().answered(verb, due, err)
	return resp, err
}

// insist asks until the tracker has time. To be told that it has none is an
// answer, too, and counts as an error in the report.
func insist[Req, Resp any](ctx context.Context, f *fleet, verb string, send func(context.Context, Req) (Resp, error), m Req) (resp Resp, err error) {
	for range attempts {
		if resp, err = ask(ctx, f, verb, time.Now(), longer, send, m); !trackerapi.IsCode(err, trackerapi.CodeUnavailable) {
			break
		}
		select {
		case <-time.After(pauseFor):
		case <-ctx.Done():
		}
	}
	return resp, err
}

// register introduces a node to a tracker.
func (f *fleet) register(ctx context.Context, n *node, tracker int) error {
	_, err := f.introduce(ctx, n, tracker)
	return err
}

// introduce is register, and says whether the tracker will ask for the inventory
// later.
func (f *fleet) introduce(ctx context.Context, n *node, tracker int) (hold bool, err error) {
	r, err := insist(ctx, f, register, n.session[tracker].client.Register, trackerapi.RegisterRequest{Node: n.identity()})
	f.setInterval(r.IntervalMS)
	return r.Hold, err
}

// announce sends a tracker everything that the node has.
func (f *fleet) announce(ctx context.Context, n *node, tracker int) error {
	n.talk.Lock()
	defer n.talk.Unlock()
	r, err := insist(ctx, f, announce, n.session[tracker].client.Announce, n.all(f.catalogue))
	if err == nil && r.Resend {
		f.note().wrong("announce: resend after a whole set")
	}
	n.session[tracker].known.Store(err == nil)
	return err
}

// announceNames tells all trackers the names of the node's images.
func (f *fleet) announceNames(ctx context.Context, n *node) error {
	n.talk.Lock()
	defer n.talk.Unlock()
	f.tell(ctx, n, n.nameImages(f.catalogue), time.Now())
	return nil // what goes wrong is noted, and mended later
}

// change replaces one digest of a node, and tells all trackers.
func (f *fleet) change(ctx context.Context, n *node, due time.Time) {
	n.talk.Lock()
	defer n.talk.Unlock()
	if n.is() != alive {
		return
	}
	m, added, removed := n.swap(f.catalogue, rand.New(rand.NewPCG(rand.Uint64(), 0)))
	f.settled[removed].Add(-1)
	f.tell(ctx, n, m, due)
	f.settled[added].Add(1)
}

func (f *fleet) tell(ctx context.Context, n *node, m trackerapi.AnnounceRequest, due time.Time) {
	for t := range n.session {
		r, err := ask(ctx, f, change, due, patience, n.session[t].client.Announce, m)
		f.obey(n, t, r.Resend && !r.Hold, err)
		due = time.Now()
	}
}

// heartbeat gives a tracker a sign of a node's life. What the tracker asks for
// is done by others, so that heartbeats go on meanwhile.
func (f *fleet) heartbeat(ctx context.Context, n *node, tracker int, due time.Time) {
	r, err := f.sign(ctx, n, tracker, due)
	f.obey(n, tracker, r.Resend && !r.Hold, err)
}

// sign is the heartbeat alone. A node that is speaking anyway needs none.
func (f *fleet) sign(ctx context.Context, n *node, tracker int, due time.Time) (r trackerapi.HeartbeatResponse, err error) {
	if n.is() != alive || !n.talk.TryLock() {
		return r, nil
	}
	defer n.talk.Unlock()
	r, err = ask(ctx, f, heartbeat, due, patience, n.session[tracker].client.Heartbeat, n.beat())
	f.setInterval(r.IntervalMS)
	return r, err
}

// setInterval takes over the interval that a tracker wants.
func (f *fleet) setInterval(ms int64) {
	if ms > 0 {
		f.interval.Store(int64(time.Duration(ms) * time.Millisecond))
	}
}

// lookup asks for holders of digests, checks the answer, and reports holders
// that turn out to be down, as one who wanted the bytes would.
func (f *fleet) lookup(ctx context.Context, verb string, asker *node, digests []uint32, due time.Time) {
	m := trackerapi.LookupRequest{Node: asker.name, Digests: make([]digest.Digest, len(digests))}
	for i, d := range digests {
		m.Digests[i] = f.catalogue.digests[d]
	}
	q := f.question(asker, digests)
	r, err := ask(ctx, f, verb, due, patience, asker.session[f.owner(m.Digests[0])].client.Lookup, m)
	if err != nil {
		return
	}
	if dead := f.judge(q, r.Handouts); dead != nil {
		f.report(ctx, asker, dead)
	}
}

// owner is a digest's own tracker: the same for all nodes.
func (f *fleet) owner(d digest.Digest) int {
	return int(xxhash.Sum64String(string(d)) % uint64(f.Trackers))
}

// report tells all trackers that a holder was not there.
func (f *fleet) report(ctx context.Context, n *node, holder *trackerapi.Holder) {
	m := trackerapi.ReportRequest{Sender: n.sender(), Reports: []trackerapi.Report{
		{Peer: holder.Node, Epoch: holder.Epoch, Kind: trackerapi.KindTimeout},
	}}
	for t := range n.session {
		_, _ = ask(ctx, f, report, time.Now(), patience, n.session[t].client.Report, m) // noted
	}
}

// fail ends a node without a word.
func (f *fleet) fail(n *node, how fate) {
	n.talk.Lock()
	defer n.talk.Unlock()
	f.settle(n, -1)
	n.downAt.Store(time.Now().UnixNano())
	n.fate.Store(int32(how))
	if how == killed {
		for t := range n.session {
			n.session[t].line.hangUp()
		}
	}
}

// revive brings a node back with what it had, as a new run. It does not wait to
// be asked for it: what it holds is to count at once.
func (f *fleet) revive(ctx context.Context, n *node) {
	n.restart()
	for t := range n.session {
		n.session[t].line.hangUp()
		n.session[t].known.Store(false)
	}
	n.fate.Store(int32(alive))
	for t := range n.session {
		if f.register(ctx, n, t) != nil || f.announce(ctx, n, t) != nil {
			return // noted; what it holds does not count as settled
		}
	}
	f.settle(n, 1)
}
