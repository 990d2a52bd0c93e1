//go:build !linux

package yield

import (
	"context"
	"net"
)

// conn is nothing: only Linux paces connections.
type conn struct{}

type connKey struct{}

// Conn is for [net/http.Server.ConnContext].
func Conn(ctx context.Context, _ net.Conn) context.Context { return ctx }

func (*conn) pace(uint64) {}
