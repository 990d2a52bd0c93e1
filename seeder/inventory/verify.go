package inventory

import (
	"context"
	"errors"
	"io/fs"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// maxVerifications may wait at a time. More are dropped: the trackers ask again.
const maxVerifications = 256

// verifier is the queue of the digests to be verified; each is in it once.
type verifier struct {
	queue chan digest.Digest

	mu      sync.Mutex
	waiting map[digest.Digest]struct{}
}

func newVerifier() *verifier {
	return &verifier{
		queue:   make(chan digest.Digest, maxVerifications),
		waiting: map[digest.Digest]struct{}{},
	}
}

func (v *verifier) put(d digest.Digest) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.waiting[d]; ok {
		return true
	}
	select {
	case v.queue <- d:
		v.waiting[d] = struct{}{}
		return true
	default:
		return false
	}
}

// take is called before the work, so that a wish that comes during it leads to
// another look.
func (v *verifier) take(d digest.Digest) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.waiting, d)
}

// Verify has the bytes of d hashed in the background, one blob at a time. Right
// ones make it Verified in the next delta. A blob with wrong ones is
// withdrawn, and not announced again as long as this very file stays.
func (inv *Inventory) Verify(d digest.Digest) {
	if d.Validate() != nil {
		return
	}
	if !inv.verifier.put(d) {
		inv.log.Warn("verify: too many are waiting", "digest", d)
	}
}

// verify works the queue off until ctx ends.
func (inv *Inventory) verify(ctx context.Context) {
	for {
		select {
		case d := <-inv.verifier.queue:
			inv.verifier.take(d)
			inv.verifyOne(ctx, d)
		case <-ctx.Done():
			return
		}
	}
}

func (inv *Inventory) verifyOne(ctx context.Context, d digest.Digest) {
	file, right, err := inv.hash(ctx, d)
	result := "right"
	switch {
	case ctx.Err() != nil:
		return
	case errors.Is(err, store.ErrNotFound):
		result = "missing"
		inv.Withdraw(d)
	case err != nil:
		result = "failed"
		inv.log.Warn("verify", "digest", d, "err", err)
	case right:
		inv.trust(d)
	default:
		result = "wrong"
		inv.quarantine(d, file)
	}
	inv.metrics.verified.WithLabelValues(result).Inc()
}

func (inv *Inventory) hash(ctx context.Context, d digest.Digest) (file fs.FileInfo, right bool, err error) {
	b, err := inv.src.Open(ctx, d)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = b.Close() }()
	right, err = store.Verify(ctx, b, d)
	return fileOf(b), right, err
}
