package transfers

import (
	"log/slog"
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
)

// kept is the number of transfers that a Log remembers: the layers of the last
// few dozen images, in about half a megabyte.
const kept = 1024

// Log is the memory of the latest transfers. It is safe for concurrent use.
type Log struct {
	log     *slog.Logger
	metrics *metrics

	mu   sync.Mutex
	ring []Transfer // grows to kept, then the oldest is overwritten
	next int        // where in the ring the next one goes
}

// NewLog makes an empty log.
func NewLog(log *slog.Logger, reg prometheus.Registerer) *Log {
	return &Log{log: log, metrics: newMetrics(reg)}
}

// Record keeps a finished transfer. The log owns t.Sources from then on.
func (l *Log) Record(t Transfer) {
	l.metrics.record(t)
	l.write(t)

	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ring) < kept {
		l.ring = append(l.ring, t)
	} else {
		l.ring[l.next] = t
	}
	l.next = (l.next + 1) % kept
}

// Recent returns the latest n transfers, or as many as there are, the newest
// first.
func (l *Log) Recent(n int) []Transfer {
	return l.pick(n, func(Transfer) bool { return true })
}

// Find returns what is remembered of one digest, the newest first.
func (l *Log) Find(d digest.Digest) []Transfer {
	return l.pick(kept, func(t Transfer) bool { return t.Digest == d })
}

func (l *Log) pick(n int, wanted func(Transfer) bool) []Transfer {
	l.mu.Lock()
	defer l.mu.Unlock()
	picked := []Transfer{} // never nil: in JSON it is a list
	for i := range l.ring {
		if len(picked) >= n {
			break
		}
		t := l.ring[(l.next-1-i+2*len(l.ring))%len(l.ring)]
		if wanted(t) {
			t.Sources = slices.Clone(t.Sources)
			picked = append(picked, t)
		}
	}
	return picked
}

// write logs at the level that the result deserves: misses are what a mirror
// mostly sees, and failures what someone should look at.
func (l *Log) write(t Transfer) {
	say := l.log.Info
	switch t.Result {
	case Failed:
		say = l.log.Warn
	case Miss:
		say = l.log.Debug
	}
	say("transfer", attrs(t)...)
}

func attrs(t Transfer) []any {
	a := []any{
		slog.String("digest", t.Digest.String()),
		slog.String("kind", string(t.Kind)),
		slog.String("result", string(t.Result)),
		slog.String("registry", t.Registry),
		slog.String("repository", t.Repository),
		slog.Int64("offset", t.Offset),
		slog.Int64("bytes", t.Bytes),
		slog.Duration("first_byte", t.FirstByte),
		slog.Duration("duration", t.Duration),
	}
	if len(t.Sources) > 0 {
		a = append(a, slog.Any("sources", t.Sources), slog.Int("retries", t.Retries))
	}
	if t.Err != "" {
		a = append(a, slog.String("error", t.Err))
	}
	return a
}
