package inventory

import (
	"context"
	"io/fs"
	"os"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// hold is why a blob that is in the store is not announced. It ends when a
// walk finds the blob gone.
type hold struct {
	// corrupt tells wrong bytes from a blob that could not be opened. The
	// latter is announced again as soon as it opens.
	corrupt bool
	// file is the one that had the wrong bytes: another one in its place
	// deserves another look. It is nil for stores without files.
	file fs.FileInfo
}

// Withdraw takes back a digest that turned out not to be there, although it
// was announced: garbage collection was faster than the walk.
func (inv *Inventory) Withdraw(d digest.Digest) {
	gone := false
	inv.update(func(s *state) {
		if gone = s.has(d); gone {
			s.remove(d)
			inv.held[d] = hold{}
		}
	})
	if gone {
		inv.metrics.withdrawn.Inc()
		inv.log.Info("withdraw", "digest", d, "reason", "cannot be opened")
	}
}

// Quarantined reports whether the node's copy of d is known to be wrong.
func (inv *Inventory) Quarantined(d digest.Digest) bool {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	return inv.held[d].corrupt
}

func (inv *Inventory) quarantine(d digest.Digest, file fs.FileInfo) {
	inv.update(func(s *state) {
		inv.held[d] = hold{corrupt: true, file: file}
		s.remove(d)
	})
	inv.log.Warn("quarantine", "digest", d, "reason", "wrong bytes in the store")
}

// trust announces a digest whose bytes were found right.
func (inv *Inventory) trust(d digest.Digest) {
	released := false
	inv.update(func(s *state) {
		if _, released = inv.held[d]; released {
			delete(inv.held, d)
			s.add(d)
		}
		if s.has(d) {
			s.log.append(verified, string(d))
		}
	})
	if released {
		inv.log.Info("release", "digest", d, "reason", "right bytes in the store")
	}
}

// reconsider looks at a blob that is held back and still, or again, in the
// store.
func (inv *Inventory) reconsider(ctx context.Context, d digest.Digest, h hold) {
	b, err := inv.src.Open(ctx, d)
	if err != nil {
		return
	}
	defer func() { _ = b.Close() }()
	switch {
	case !h.corrupt:
		inv.update(func(s *state) {
			delete(inv.held, d)
			s.add(d)
		})
		inv.log.Info("release", "digest", d, "reason", "can be opened again")
	case !sameFile(h.file, fileOf(b)):
		inv.Verify(d)
	}
}

func fileOf(b store.Blob) fs.FileInfo {
	if f, ok := b.ReadSeekCloser.(interface{ Stat() (fs.FileInfo, error) }); ok {
		if info, err := f.Stat(); err == nil {
			return info
		}
	}
	return nil
}

// sameFile takes a file that was written to for another.
func sameFile(a, b fs.FileInfo) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}
