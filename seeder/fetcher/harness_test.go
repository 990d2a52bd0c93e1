package fetcher

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	smallSize = 10_000
	largeSize = 3 << 20
	long      = time.Minute // more than anything here takes on a busy machine
)

// blob makes content that nobody can guess, with its digest.
func blob(size int) ([]byte, digest.Digest) {
	data := make([]byte, size)
	rng := rand.NewChaCha8([32]byte{byte(size), byte(size >> 8), byte(size >> 16)})
	_, _ = rng.Read(data)
	return data, digest.FromBytes(data)
}

// world is a fetcher with the trackers and peers that it can see.
type world struct {
	*Fetcher
	t *testing.T

	mu       sync.Mutex
	handout  trackerapi.Handout
	lookups  int
	lookupFn func(ctx context.Context) error // nil: answers at once
	joins    []trackerapi.JoinRequest
	silence  time.Duration // that the last join allowed
	joinFn   func(context.Context, trackerapi.JoinRequest) (trackerapi.JoinResponse, error)
	reports  []trackerapi.Report
	accused  chan struct{} // closed at the first report
}

// newWorld is patient unless told otherwise: a busy machine is no fault of the
// peers.
func newWorld(t *testing.T, cfg Config, peers ...trackerapi.Holder) *world {
	t.Helper()
	cfg.LookupTimeout = cmp.Or(cfg.LookupTimeout, long)
	cfg.FirstByteTimeout = cmp.Or(cfg.FirstByteTimeout, long)
	cfg.MinStall = cmp.Or(cfg.MinStall, 300*time.Millisecond)
	cfg.StallLimit = cmp.Or(cfg.StallLimit, long)
	cfg.PartialStallLimit = cmp.Or(cfg.PartialStallLimit, long)
	cfg.SmallTimeout = cmp.Or(cfg.SmallTimeout, long)
	w := &world{t: t, handout: peers, accused: make(chan struct{})}
	w.Fetcher = New(cfg, w, w, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return w
}

// newTrial is a world with a bad peer and others that serve what they have, but
// only once somebody was accused: a hedge can't spoil the order of things.
func newTrial(t *testing.T, bad trackerapi.Holder, others map[string][]byte) *world {
	t.Helper()
	w := newWorld(t, Config{})
	peers := []trackerapi.Holder{bad}
	for _, name := range slices.Sorted(maps.Keys(others)) {
		peers = append(peers, serve(t, name, after(w.accused, good(others[name]))))
	}
	w.setHandout(peers...)
	return w
}

func (w *world) Lookup(ctx context.Context, ds []digest.Digest) ([]trackerapi.Handout, error) {
	w.mu.Lock()
	w.lookups++
	fn, handout := w.lookupFn, append(trackerapi.Handout{}, w.handout...)
	w.mu.Unlock()
	if fn != nil {
		if err := fn(ctx); err != nil {
			return nil, err
		}
	}
	all := make([]trackerapi.Handout, len(ds))
	for i := range all {
		all[i] = handout
	}
	return all, nil
}

// Join answers as joinFn says; without one this tracker cannot do it, and lookups
// have to serve.
func (w *world) Join(ctx context.Context, m trackerapi.JoinRequest, silence time.Duration) (trackerapi.JoinResponse, error) {
	w.mu.Lock()
	w.joins, w.silence = append(w.joins, m), silence
	fn := w.joinFn
	w.mu.Unlock()
	if fn == nil {
		return trackerapi.JoinResponse{}, errors.New("no joins here")
	}
	return fn(ctx, m)
}

func (w *world) Report(r trackerapi.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reports = append(w.reports, r); len(w.reports) == 1 {
		close(w.accused)
	}
}

func (w *world) setHandout(h ...trackerapi.Holder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.handout = h
}

func (w *world) lookupCount() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lookups
}

// reported lists "node kind" of all reports so far.
func (w *world) reported() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []string
	for _, r := range w.reports {
		all = append(all, r.Peer+" "+string(r.Kind))
	}
	return strings.Join(all, ", ")
}

func (w *world) wantReports(want string) {
	w.t.Helper()
	if got := w.reported(); got != want {
		w.t.Errorf("reported %q; want %q", got, want)
	}
}

// read fetches all of a request, with the stream's error.
func (w *world) read(r Request) ([]byte, []Source, error) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	s, err := w.Fetch(ctx, r)
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	data, err := readAll(s)
	return data, s.Sources(), err
}

// readAll reads with large buffers, as the mirror does.
func readAll(r io.Reader) ([]byte, error) {
	var all bytes.Buffer
	_, err := io.CopyBuffer(struct{ io.Writer }{&all}, r, make([]byte, 256<<10))
	return all.Bytes(), err
}

func (w *world) wantBlob(d digest.Digest, want []byte) []Source {
	w.t.Helper()
	got, sources, err := w.read(Request{Repository: "library/redis", Digest: d, Length: ToEnd})
	if err != nil || !bytes.Equal(got, want) {
		w.t.Fatalf("got %d bytes, %v; want all %d", len(got), err, len(want))
	}
	return sources
}

// nodes lists who sent something.
func nodes(sources []Source) string {
	var all []string
	for _, s := range sources {
		all = append(all, s.Node)
	}
	return strings.Join(all, " ")
}

func serve(t *testing.T, name string, h http.HandlerFunc) trackerapi.Holder {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	return holder(name, srv.Listener.Addr().String())
}

func holder(name, addr string) trackerapi.Holder {
	return trackerapi.Holder{Node: name, Epoch: 1, Addr: addr}
}

// good serves data as a seeder does.
func good(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// counted counts the requests to h.
func counted(n *atomic.Int64, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n.Add(1)
		h(w, r)
	}
}

// silentUntil sends nothing until the client goes or the test ends.
func silentUntil(t *testing.T) http.HandlerFunc {
	ended := make(chan struct{})
	t.Cleanup(func() { close(ended) })
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	}
}

// stopping sends data up to byte n, and then calls after.
func stopping(data []byte, n int, after http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rec := &stopper{ResponseWriter: w, left: n}
		http.ServeContent(rec, r, "", time.Time{}, bytes.NewReader(data))
		_ = http.NewResponseController(w).Flush()
		after(w, r)
	}
}

// after holds h's answers back until something has happened.
func after(happened <-chan struct{}, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-happened:
			h(w, r)
		case <-r.Context().Done():
		}
	}
}

type stopper struct {
	http.ResponseWriter
	left int
}

func (s *stopper) Write(p []byte) (int, error) {
	n := min(len(p), s.left)
	s.left -= n
	if _, err := s.ResponseWriter.Write(p[:n]); err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, errors.New("that is enough")
	}
	return n, nil
}

// hangUp ends the connection, with a FIN or a RST.
func hangUp(reset bool) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		if reset {
			_ = conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
	}
}

// refusing is an address where nobody listens.
func refusing(t *testing.T, name string) trackerapi.Holder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return holder(name, l.Addr().String())
}

// blackHole accepts connections and never says a word.
func blackHole(t *testing.T, name string) trackerapi.Holder {
	return raw(t, name, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
}

// raw lets f speak on each connection.
func raw(t *testing.T, name string, f func(net.Conn)) trackerapi.Holder {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				f(c)
			})
		}
	})
	t.Cleanup(func() { l.Close() })
	return holder(name, l.Addr().String())
}

// flipped is data with one wrong bit.
func flipped(data []byte, at int) []byte {
	wrong := bytes.Clone(data)
	wrong[at] ^= 1
	return wrong
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(long); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("it never happened: %s", what)
}

// noLeaks fails if the test leaves goroutines of this package or its transports
// behind.
func noLeaks(t *testing.T) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		eventually(t, fmt.Sprintf("back to %d goroutines", before), func() bool { return runtime.NumGoroutine() <= before })
	})
}
