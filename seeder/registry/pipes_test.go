package registry

import (
	"net"
	"net/http"
	"testing"
	"testing/synctest"
)

// pipes is a network without a network, for the clock of a synctest bubble.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// piped is a client's connection to a server of h. Call it in a bubble.
func piped(t *testing.T, h http.Handler) net.Conn {
	l := make(pipes)
	s := &http.Server{Handler: h}
	go s.Serve(l)
	client, server := net.Pipe()
	l <- server
	t.Cleanup(func() {
		close(l)
		s.Close()
		client.Close()
		synctest.Wait()
	})
	return client
}
