package httpserver

import (
	"net"
	"sync"
)

// limitListener accepts at most cap(slots) connections at a time. Its
// connections are still TCP connections to net/http, which netutil's are not:
// net/http needs their ReadFrom for sendfile(2) and their CloseWrite to end an
// unfinished answer with a FIN.
type limitListener struct {
	*net.TCPListener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once
}

func limit(l *net.TCPListener, conns int) *limitListener {
	return &limitListener{TCPListener: l, slots: make(chan struct{}, conns), closed: make(chan struct{})}
}

// Accept waits for a free slot first, so that clients wait in the kernel's
// queue.
func (l *limitListener) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.AcceptTCP()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &limitedConn{TCPConn: c, release: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close also wakes an Accept that waits for a slot.
func (l *limitListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.TCPListener.Close()
}

type limitedConn struct {
	*net.TCPConn
	release func()
}

func (c *limitedConn) Close() error {
	defer c.release()
	return c.TCPConn.Close()
}
