package fetcher

import (
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
)

const (
	dismissalMemory = 5 * time.Second
	maxDismissals   = 4096
)

// dismissals remembers for a moment which digests this node was sent to the
// origin for: with the lease, after a wait in vain, or free to go.
type dismissals struct {
	mu sync.Mutex
	at map[digest.Digest]time.Time
}

func (l *dismissals) note(d digest.Digest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at == nil {
		l.at = make(map[digest.Digest]time.Time)
	}
	if len(l.at) >= maxDismissals {
		l.forget()
	}
	l.at[d] = time.Now()
}

func (l *dismissals) lately(d digest.Digest) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.at[d]
	return ok && time.Since(at) < dismissalMemory
}

// forget drops what is over; when that is nothing, all of it: the worst that can
// come of it is one more wait.
func (l *dismissals) forget() {
	before := len(l.at)
	for d, at := range l.at {
		if time.Since(at) >= dismissalMemory {
			delete(l.at, d)
		}
	}
	if len(l.at) == before {
		clear(l.at)
	}
}
