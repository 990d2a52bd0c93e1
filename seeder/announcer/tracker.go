package announcer

import (
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	connectTimeout = time.Second      // a lookup's own deadline is much shorter
	answerTimeout  = 30 * time.Second // to the headers; every call has its own deadline as well
	idleLookups    = 64               // connections kept for lookups
)

// tracker is one tracker as lookups see it. A session drives its breaker.
type tracker struct {
	base   string // URL, the same on every node
	client *trackerapi.Client
	http   *http.Client

	mute   atomic.Int32  // joins in a row that it has not answered, and that were waited for
	opened chan struct{} // holds one when lookups have opened the breaker

	mu      sync.Mutex
	breaker breaker
}

func newTracker(base string, rt http.RoundTripper) *tracker {
	if rt == nil {
		rt = newTransport()
	}
	hc := &http.Client{
		Transport: rt,
		// A tracker does not redirect; what does is something else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &tracker{base: base, http: hc, opened: make(chan struct{}, 1), client: trackerapi.NewClient(base, hc)}
}

// newTransport has nothing of http.DefaultTransport: above all no proxy.
func newTransport() *http.Transport {
	d := net.Dialer{
		Timeout:         connectTimeout,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	return &http.Transport{
		DialContext:            d.DialContext,
		MaxIdleConnsPerHost:    idleLookups,
		IdleConnTimeout:        90 * time.Second,
		ResponseHeaderTimeout:  answerTimeout,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true,
	}
}

// usable tells whether lookups may be sent.
func (t *tracker) usable() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.breaker.closed
}

// inTouch tells whether a late answer is to be expected: heartbeats pass, and it was
// not waited for in vain more than once since it has answered a join.
func (t *tracker) inTouch() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.breaker.beats && t.mute.Load() < tolerated
}

// worthAWait tells whether somebody who can wait may ask, if no tracker is usable.
func (t *tracker) worthAWait() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.breaker.resting() && t.mute.Load() < tolerated
}

func (t *tracker) heartbeat(ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if ok {
		t.breaker = t.breaker.heartbeatOK(time.Now())
	} else {
		t.breaker = t.breaker.heartbeatFailed()
	}
}

// lookup notes how one went, and tells whether it has opened the breaker.
func (t *tracker) lookup(ok bool) (opened bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.breaker.closed
	if ok {
		t.breaker = t.breaker.lookupOK()
	} else {
		t.breaker = t.breaker.lookupFailed(time.Now(), rand.Float64())
	}
	if opened = before && !t.breaker.closed; opened {
		select {
		case t.opened <- struct{}{}:
		default:
		}
	}
	return opened
}
