package registry

import (
	"sync"

	"github.com/opencontainers/go-digest"
)

const maxSizes = 4096 // a few hundred bytes each

// sizes remembers what manifests that passed through said of their parts. It is
// advice for the trackers: a size that is forgotten, or wrong, breaks nothing.
type sizes struct {
	mu sync.Mutex
	by map[digest.Digest]int64
}

func (s *sizes) note(d descriptor) {
	if d.Size <= 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by == nil || len(s.by) >= maxSizes {
		s.by = make(map[digest.Digest]int64)
	}
	s.by[d.Digest] = d.Size
}

// of is 0 when no manifest is known that names the digest.
func (s *sizes) of(d digest.Digest) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[d]
}
