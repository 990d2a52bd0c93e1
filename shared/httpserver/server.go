// Package httpserver is how Dray listens: servers that are bounded in what a
// client may cost them and that stop in stages, and handlers that return
// their errors.
package httpserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	headerTimeout  = 10 * time.Second // a client has this long to send its request's headers
	idleTimeout    = 2 * time.Minute  // an idle connection is kept this long
	maxHeaderBytes = 16 << 10
)

// Server is a bound listener and what answers on it.
type Server struct {
	name     string
	listener net.Listener
	http     *http.Server
}

// Listen binds addr (host:port, port 0 for any free one) for at most maxConns
// connections at a time; further clients wait in the kernel's queue.
func Listen(name, addr string, maxConns int, h http.Handler, log *slog.Logger) (*Server, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &Server{
		name:     name,
		listener: limit(l.(*net.TCPListener), maxConns),
		http: &http.Server{
			Handler:           h,
			ReadHeaderTimeout: headerTimeout,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			ErrorLog:          slog.NewLogLogger(log.With("server", name).Handler(), slog.LevelDebug),
		},
	}, nil
}

// Watch has two functions called about every connection, as
// [http.Server.ConnContext] and [http.Server.ConnState] are. It must be called
// before Serve.
func (s *Server) Watch(opened func(context.Context, net.Conn) context.Context, state func(net.Conn, http.ConnState)) {
	s.http.ConnContext, s.http.ConnState = opened, state
}

// Bound gives a request so much time to arrive, whole, and its answer as much
// again to leave, which ends both however slow the client is. It is for servers
// of short messages, and must be called before Serve.
func (s *Server) Bound(exchange time.Duration) {
	s.http.ReadHeaderTimeout, s.http.ReadTimeout = exchange, exchange // the same: net/http then sets one deadline
	s.http.WriteTimeout = 2 * exchange
}

// Addr is the bound address.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Serve answers until ctx ends, then takes no new requests and gives those
// under way until drain has passed.
func (s *Server) Serve(ctx context.Context, drain time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.Serve(s.listener) }()
	select {
	case err := <-failed:
		return fmt.Errorf("%s: %w", s.name, err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	if err := s.http.Shutdown(grace); err != nil {
		_ = s.http.Close() // the drain time is over: the rest is cut off
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	return nil
}

// Close releases the listener of a server that was never served.
func (s *Server) Close() error { return s.listener.Close() }
