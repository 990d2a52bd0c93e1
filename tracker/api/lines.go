package api

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/drayproject/dray/tracker/roster"
)

// lines knows the nodes' connections, so that the roster hears when one closes.
type lines struct {
	mu   sync.Mutex
	open map[net.Conn]*roster.Line
}

type lineKey struct{}

// lineOf is the connection that a request came over, or nil in tests that have
// none.
func lineOf(r *http.Request) *roster.Line {
	l, _ := r.Context().Value(lineKey{}).(*roster.Line)
	return l
}

// ConnOpened gives every request of a node's connection a line to be heard
// over. It is for [http.Server.ConnContext].
func (a *API) ConnOpened(ctx context.Context, c net.Conn) context.Context {
	l := new(roster.Line)
	a.lines.mu.Lock()
	defer a.lines.mu.Unlock()
	a.lines.open[c] = l
	return context.WithValue(ctx, lineKey{}, l)
}

// ConnState tells the roster of a connection that has closed. It is for
// [http.Server.ConnState]. A tracker that stops closes them all itself.
func (a *API) ConnState(c net.Conn, s http.ConnState) {
	if s != http.StateClosed && s != http.StateHijacked {
		return
	}
	a.lines.mu.Lock()
	l := a.lines.open[c]
	delete(a.lines.open, c)
	a.lines.mu.Unlock()
	if l != nil && !a.stopping.Load() {
		a.roster.Hangup(l)
	}
}
