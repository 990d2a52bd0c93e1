package demo

import (
	"context"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

const burst = 256 << 10 // bytes sent at once on a link

// origin is the registry upstream, behind a link of its own. It counts what it
// is asked for.
type origin struct {
	server http.Server
	addr   string
	link   *rate.Limiter

	mu    sync.Mutex
	gets  map[string]int // how often each digest was asked for
	bytes int64          // sent
}

func serveOrigin(ctx context.Context, repository string, img *imagekit.Image, bytesPerSecond int64) (*origin, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	o := &origin{
		addr: l.Addr().String(),
		link: rate.NewLimiter(rate.Limit(bytesPerSecond), burst),
		gets: map[string]int{},
	}
	o.server.Handler = o.counted(imagekit.Handler(map[string]*imagekit.Image{repository: img}))
	o.server.ReadHeaderTimeout = 10 * time.Second
	go func() { _ = o.server.Serve(l) }()
	return o, nil
}

func (o *origin) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ref := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
		if r.Method == http.MethodGet && strings.Contains(ref, ":") {
			o.mu.Lock()
			o.gets[ref]++
			o.mu.Unlock()
		}
		next.ServeHTTP(&onLink{w, r.Context(), o}, r)
	})
}

// close is a real one: the port refuses connections from now on.
func (o *origin) close() error { return o.server.Close() }

// answers says why the registry does not, or nil.
func (o *origin) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", o.addr)
	if err == nil {
		err = conn.Close()
	}
	return err
}

func (o *origin) sent() (bytes int64, gets map[string]int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes, maps.Clone(o.gets)
}

// onLink is an answer on its way down the registry's link.
type onLink struct {
	http.ResponseWriter
	ctx context.Context // the request's
	*origin
}

func (w *onLink) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		piece := p[:min(len(p), burst)]
		if err := w.link.WaitN(w.ctx, len(piece)); err != nil {
			return n, err
		}
		m, err := w.ResponseWriter.Write(piece)
		n += m
		w.mu.Lock()
		w.bytes += int64(m)
		w.mu.Unlock()
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}
