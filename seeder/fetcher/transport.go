package fetcher

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

const (
	idlePerPeer    = 8
	idleTime       = 90 * time.Second
	maxHeaderBytes = 16 << 10
	dialAttempts   = 3
)

// newTransport makes the transport of one peer: plain HTTP/1.1, no proxy, no
// redirects (those are made by http.Client), nothing decompressed on the way.
func newTransport(dialTimeout time.Duration) *http.Transport {
	d := dialer{timeout: dialTimeout}
	d.KeepAliveConfig = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}
	return &http.Transport{
		DialContext:            d.dial,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    idlePerPeer,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}
}

// dialer repeats an attempt that got no answer. Linux sends a lost SYN again
// only after a second, which is longer than a whole fetch may wait.
type dialer struct {
	net.Dialer
	timeout time.Duration
}

func (d *dialer) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	for range dialAttempts {
		conn, err = d.dialOnce(ctx, network, addr)
		if err == nil || ctx.Err() != nil || !isTimeout(err) {
			return conn, err
		}
	}
	return nil, err
}

func (d *dialer) dialOnce(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	return d.DialContext(ctx, network, addr)
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}
