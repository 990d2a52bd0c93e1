package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

const answer = "HTTP/" // what any answer begins with, that of a TLS server to a plain request as well

var errNotHTTP = errors.New("the answer is not HTTP")

// try asks once. It ends with ctx.
func try(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	closeIt := func() { _ = conn.Close() }
	defer closeIt()
	defer context.AfterFunc(ctx, closeIt)()
	// The host is not said by name: addr comes from a node, and is no more
	// than an address to connect to.
	if _, err := io.WriteString(conn, "GET /v2/ HTTP/1.1\r\nHost: probe\r\nUser-Agent: dray-tracker\r\nConnection: close\r\n\r\n"); err != nil {
		return fmt.Errorf("ask: %w", err)
	}
	var head [len(answer)]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if string(head[:]) != answer {
		return errNotHTTP
	}
	return nil
}
