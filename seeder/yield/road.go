package yield

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// Trickle is what all background work of a node has while others are served,
	// in bytes per second: 4 % of 100 Mbit/s, and enough to be seen alive.
	Trickle = 512 << 10
	// least is what each connection has, however many there are. The kernel may
	// send 64 KiB at a time to a near neighbour (tcp_tso_rtt_log): less would be
	// silence for seconds.
	least = 64 << 10
	// unpaced is how the kernel says it.
	unpaced = ^uint64(0)
	// linger is how long after a request the road counts as used. containerd
	// asks for one layer after another.
	linger = 500 * time.Millisecond
	// burst is the largest number of bytes that Pace takes at once.
	burst = 64 << 10
)

// Road tells background work when to give way. It is safe for concurrent use; the
// zero Road is not usable.
type Road struct {
	others  atomic.Int64 // requests under way that are not background work
	last    atomic.Int64 // Unix nanoseconds when one of them has ended
	trickle *rate.Limiter
	wants   *wants

	mu      sync.Mutex
	paced   map[*conn]struct{} // connections with a background request
	slowed  bool
	pending *time.Timer // frees them, some time after others were served
}

// New makes a Road.
func New() *Road { return newRoad(&wants{at: map[string]time.Time{}}) }

// Beside makes another Road of the same node: what is wanted on one is wanted on
// the other, too.
func (r *Road) Beside() *Road { return newRoad(r.wants) }

func newRoad(w *wants) *Road {
	return &Road{trickle: rate.NewLimiter(Trickle, burst), wants: w, paced: map[*conn]struct{}{}}
}

// InUse tells whether somebody who waits is being served, or was a moment ago.
func (r *Road) InUse() bool {
	return r.others.Load() > 0 || time.Since(time.Unix(0, r.last.Load())) < linger
}

// Before counts the requests to next, and puts the mark of background work on
// their context. What somebody wants who waits is background work no more.
func (r *Road) Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		key := keyOf(req)
		if isMarked(req) && !r.wants.lately(key) {
			c, _ := req.Context().Value(connKey{}).(*conn)
			r.merge(c)
			defer r.leave(c)
			next.ServeHTTP(w, req.WithContext(withMark(req.Context(), &mark{key: key, wants: r.wants})))
			return
		}
		if !isMarked(req) {
			r.wants.note(key)
		}
		r.begin()
		defer r.end()
		next.ServeHTTP(w, req)
	})
}

// Pace holds background work up: always for its own limiter, which may be nil, and
// for the trickle while the road is in use.
func (r *Road) Pace(ctx context.Context, own *rate.Limiter, bytes int) error {
	for bytes > 0 {
		n := min(bytes, burst)
		bytes -= n
		if own != nil {
			if err := own.WaitN(ctx, min(n, own.Burst())); err != nil {
				return err
			}
		}
		if !r.InUse() {
			continue
		}
		if err := r.trickle.WaitN(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (r *Road) begin() {
	if r.others.Add(1) == 1 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.slow(true)
	}
}

func (r *Road) end() {
	r.last.Store(time.Now().UnixNano())
	if r.others.Add(-1) > 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.paced) > 0 && r.pending == nil {
		r.pending = time.AfterFunc(linger, r.free)
	}
}

// free lets the background connections go on as fast as they can.
func (r *Road) free() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pending = nil
	switch {
	case !r.InUse():
		r.slow(false)
	case len(r.paced) > 0 && r.others.Load() == 0: // somebody has come and gone meanwhile
		r.pending = time.AfterFunc(linger, r.free)
	}
}

// slow is called with mu held.
func (r *Road) slow(yes bool) {
	if r.slowed != yes {
		r.slowed = yes
		r.repace()
	}
}

// repace divides the trickle among the connections, mu being held.
func (r *Road) repace() {
	pace := unpaced
	if r.slowed {
		pace = uint64(max(Trickle/max(len(r.paced), 1), least))
	}
	for c := range r.paced {
		c.pace(pace)
	}
}

// merge and leave are the two ends of a background request; c may be nil.
func (r *Road) merge(c *conn) {
	if c == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slowed = r.InUse(); r.slowed && r.others.Load() == 0 && r.pending == nil {
		r.pending = time.AfterFunc(linger, r.free)
	}
	r.paced[c] = struct{}{}
	r.repace()
}

func (r *Road) leave(c *conn) {
	if c == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.paced, c)
	c.pace(unpaced) // it may carry another's request next
	r.repace()
}
