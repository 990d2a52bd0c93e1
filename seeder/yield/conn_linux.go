package yield

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// conn is a connection whose pace can be set. The kernel sends the bytes evenly
// then, whoever writes them: pauses of milliseconds, which nobody takes for a
// standstill (SO_MAX_PACING_RATE, socket(7); TCP paces by itself since Linux 4.13).
type conn struct{ raw syscall.RawConn }

type connKey struct{}

// Conn is for [net/http.Server.ConnContext], on the side that sends to neighbours.
func Conn(ctx context.Context, c net.Conn) context.Context {
	s, ok := c.(syscall.Conn)
	if !ok {
		return ctx
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return ctx
	}
	return context.WithValue(ctx, connKey{}, &conn{raw})
}

// pace fails where the connection is gone, and then nothing is to be paced.
func (c *conn) pace(bytes uint64) {
	_ = c.raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE, bytes)
	})
}
