package fleet

import (
	"context"

	"github.com/drayproject/dray/shared/trackerapi"
)

// repair is a session in which the tracker has to be told everything.
type repair struct {
	node     *node
	tracker  int
	register bool // first
}

// obey does what a tracker's answer asks for.
func (f *fleet) obey(n *node, tracker int, resend bool, err error) {
	stranger := trackerapi.IsCode(err, trackerapi.CodeUnknownNode)
	if stranger || resend {
		f.mend(n, tracker, stranger)
	}
}

// mend has a session mended, if it is not going to be already. That is an
// error, unless the tracker has started since it was told everything.
func (f *fleet) mend(n *node, tracker int, register bool) {
	s := &n.session[tracker]
	if s.known.Load() {
		f.note().wrong("a tracker has lost track of a node")
	}
	if s.mending.CompareAndSwap(false, true) {
		f.broken <- repair{n, tracker, register} // there is room for all
	}
}

// mendAll mends sessions until ctx ends.
func (f *fleet) mendAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case r := <-f.broken:
			f.repair(context.WithoutCancel(ctx), r)
		}
	}
}

// repair leaves a session that can't be mended yet to the next heartbeat.
func (f *fleet) repair(ctx context.Context, r repair) {
	defer r.node.session[r.tracker].mending.Store(false)
	if r.node.is() != alive {
		return
	}
	if r.register {
		if hold, err := f.introduce(ctx, r.node, r.tracker); hold || err != nil {
			return
		}
	}
	_ = f.announce(ctx, r.node, r.tracker) // noted
}
