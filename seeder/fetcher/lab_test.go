package fetcher

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	megabyte = 1_000_000
	slow     = megabyte / 4
	hugeSize = 8 * megabyte
	segment  = 4 << 10   // that comes at a time
	buffered = 256 << 10 // bytes that a connection holds for its reader
)

// lab is a world without a network: its peers send as fast as they are told to, in
// the time of a bubble.
type lab struct {
	*world
	peers map[string]*labPeer
	down  *rate.Limiter // this node's own link; nil: of any speed
}

// labPeer is a node with an uplink.
type labPeer struct {
	name string
	data []byte
	up   *rate.Limiter
	// testify answers who asks for the chain; nil: not in time.
	testify func(*http.Request) *http.Response
	// fault, when set, is what becomes of an answer, at most once.
	fault func(*labAnswer)

	mu      sync.Mutex
	sending int
	asked   int // in all
	ahead   int // of them, for bytes ahead of the parent
}

// inLab runs a test in a bubble, with peers of these rates, in bytes per second.
// They are called a, b and so on; a is the parent.
func inLab(t *testing.T, cfg Config, data []byte, rates []int, f func(*lab)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		l := &lab{peers: map[string]*labPeer{}}
		cfg.Via = func(node string, _ http.RoundTripper) http.RoundTripper { return labLink{l, l.peers[node]} }
		cfg.MinStall, cfg.StallLimit = 30*time.Millisecond, 2*time.Second
		cfg.FirstByteTimeout = 500 * time.Millisecond
		l.world = newWorld(t, cfg)
		var all []trackerapi.Holder
		for i, r := range rates {
			name := string(rune('a' + i))
			l.peers[name] = &labPeer{name: name, data: data, up: limiter(r), testify: chainless}
			all = append(all, holder(name, name+":1"))
		}
		l.setHandout(all...)
		f(l)
	})
}

func limiter(bytesPerSecond int) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(bytesPerSecond), segment)
}

// took reads a blob to its end, at up to pace bytes per second, and tells how long
// it took and who sent how much. 0 is any pace.
func (l *lab) took(d digest.Digest, data []byte, pace int) (time.Duration, map[string]int64) {
	l.t.Helper()
	began := time.Now()
	got, sources, err := l.readAt(d, pace)
	if err != nil || !bytes.Equal(got, data) {
		l.t.Fatalf("got %d of %d bytes, %v", len(got), len(data), err)
	}
	sum, from := int64(0), map[string]int64{}
	for _, s := range sources {
		from[s.Node] = s.Bytes
		sum += s.Bytes
	}
	if sum != int64(len(data)) {
		l.t.Errorf("%d bytes of %d have a source: %v", sum, len(data), sources)
	}
	return time.Since(began), from
}

func (l *lab) readAt(d digest.Digest, pace int) ([]byte, []Source, error) {
	s, err := l.Fetch(context.Background(), Request{Digest: d, Length: ToEnd})
	if err != nil {
		return nil, nil, err
	}
	defer s.Close()
	var all bytes.Buffer
	buf := make([]byte, 256<<10)
	for {
		n, err := s.Read(buf)
		all.Write(buf[:n])
		if pace > 0 {
			<-time.After(time.Duration(n) * time.Second / time.Duration(pace))
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return all.Bytes(), s.Sources(), err
		}
	}
}

// labLink leads to one peer.
type labLink struct {
	lab  *lab
	peer *labPeer
}

func (k labLink) RoundTrip(r *http.Request) (*http.Response, error) {
	<-time.After(200 * time.Microsecond)
	p := k.peer
	if _, ok := chain.Asked(r.URL.Path); ok {
		if res := p.testify(r); res != nil {
			return res, nil
		}
		return nil, r.Context().Err()
	}
	p.mu.Lock()
	p.asked++
	helps := r.Header.Get(AheadHeader) != ""
	if helps {
		p.ahead++
	}
	busy := helps && p.sending > 0
	if !busy {
		p.sending++
	}
	a := &labAnswer{ctx: r.Context(), lab: k.lab, peer: p, helps: helps, ended: make(chan struct{}), parts: make(chan []byte, buffered/segment)}
	if p.fault != nil {
		p.fault(a)
	}
	p.mu.Unlock()
	if busy {
		return busyAnswer(), nil
	}
	rec := httptest.NewRecorder()
	http.ServeContent(rec, r, "", time.Time{}, bytes.NewReader(p.data))
	a.data = rec.Body.Bytes()
	res := rec.Result()
	if a.status != 0 {
		res.StatusCode = a.status
	}
	if a.contentRange != "" {
		res.Header.Set("Content-Range", a.contentRange)
	}
	if a.refused {
		p.left()
		return nil, errors.New("refused")
	}
	res.ContentLength = int64(len(a.data))
	go a.send()
	res.Body = a
	return res, nil
}

func busyAnswer() *http.Response {
	return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1"}}, Body: http.NoBody}
}

func (p *labPeer) left() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sending--
}

func (p *labPeer) counts() (asked, ahead int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked, p.ahead
}

// labAnswer is a body on its way.
type labAnswer struct {
	ctx   context.Context
	lab   *lab
	peer  *labPeer
	helps bool
	data  []byte
	ended chan struct{}
	once  sync.Once
	parts chan []byte
	rest  []byte
	err   error // how it breaks; set before parts is closed

	// What a fault may set.
	refused      bool
	mute         bool // not a byte comes
	status       int
	contentRange string
	stopAt       int           // bytes, after which it breaks with breaks, or stands still
	breaks       error         // nil: it stands still
	drip         time.Duration // from stopAt on, between bytes
}

// send is the peer's side.
func (a *labAnswer) send() {
	defer a.peer.left()
	defer close(a.parts)
	if a.refused {
		return
	}
	if a.mute {
		a.drips()
		return
	}
	for sent := 0; sent < len(a.data); {
		size := segment
		if a.stopAt > 0 && sent >= a.stopAt {
			if !a.drips() {
				return
			}
			size = 1
		}
		part := a.data[sent:min(sent+size, len(a.data))]
		if a.wait(len(part)) != nil {
			return
		}
		select {
		case a.parts <- part:
			sent += len(part)
		case <-a.ended:
			return
		case <-a.ctx.Done():
			return
		}
	}
}

// drips says whether the answer goes on, if only just.
func (a *labAnswer) drips() bool {
	if a.drip > 0 {
		<-time.After(a.drip)
		return a.ctx.Err() == nil
	}
	if a.breaks == nil {
		select {
		case <-a.ended:
		case <-a.ctx.Done():
		}
	}
	a.err = a.breaks
	return false
}

func (a *labAnswer) wait(n int) error {
	if err := a.peer.up.WaitN(a.ctx, n); err != nil {
		return err
	}
	if a.lab.down != nil {
		return a.lab.down.WaitN(a.ctx, n)
	}
	return nil
}

func (a *labAnswer) Read(p []byte) (int, error) {
	if len(a.rest) == 0 {
		select {
		case part, ok := <-a.parts:
			if !ok {
				if a.ctx.Err() != nil {
					return 0, a.ctx.Err()
				}
				if a.err != nil {
					return 0, a.err
				}
				return 0, io.EOF
			}
			a.rest = part
		case <-a.ctx.Done():
			return 0, a.ctx.Err()
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

func (a *labAnswer) Close() error {
	a.once.Do(func() { close(a.ended) })
	return nil
}
