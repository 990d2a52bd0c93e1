package yield

import (
	"context"
	"net/http"
	"sync/atomic"
)

// Header marks a request that nobody waits for.
const Header = "Dray-Background"

// Mark is the header of a request that nobody waits for.
func Mark() http.Header { return http.Header{Header: {"1"}} }

func isMarked(r *http.Request) bool { return r.Header.Get(Header) != "" }

type markKey struct{}

// mark is on the context of a request that nobody waits for, until somebody wants
// the same.
type mark struct {
	key     string
	wants   *wants
	hurried atomic.Bool
}

// holds says whether still nobody waits.
func (m *mark) holds() bool {
	if m == nil || m.hurried.Load() {
		return false
	}
	if m.wants.lately(m.key) {
		m.hurried.Store(true)
		return false
	}
	return true
}

func withMark(ctx context.Context, m *mark) context.Context {
	return context.WithValue(ctx, markKey{}, m)
}

// Unhurried tells whether what is done with this context is background work.
func Unhurried(ctx context.Context) bool {
	m, _ := ctx.Value(markKey{}).(*mark)
	return m.holds()
}

// Via passes the mark on to neighbours: a request whose context comes from a
// marked one is marked as well.
func Via(base http.RoundTripper) http.RoundTripper { return passOn{base} }

type passOn struct{ next http.RoundTripper }

// RoundTrip implements [http.RoundTripper].
func (p passOn) RoundTrip(r *http.Request) (*http.Response, error) {
	if Unhurried(r.Context()) {
		r = r.Clone(r.Context())
		r.Header.Set(Header, "1")
	}
	return p.next.RoundTrip(r)
}
