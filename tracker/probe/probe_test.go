package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/tracker/roster"
)

// generous is for probes that must find an answer on a machine that is busy.
const generous = 20 * time.Second

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// accepting does the same with every connection, and says where.
func accepting(t *testing.T, with func(n int64, c net.Conn)) string {
	l := listen(t)
	var n atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go with(n.Add(1), c)
		}
	}()
	return l.Addr().String()
}

func wantOutcome(t *testing.T, addr string, timeout time.Duration, want roster.Outcome) {
	t.Helper()
	if got := New(timeout, prometheus.NewRegistry()).Probe(t.Context(), addr); got != want {
		t.Errorf("%s is %s; want %s", addr, got, want)
	}
}

func TestWhateverAnswersInHTTPIsAlive(t *testing.T) {
	for _, status := range []int{200, 401, 404, 503} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/v2/" || r.Method != http.MethodGet || !r.Close {
				t.Errorf("asked %s %s, close %v", r.Method, r.URL, r.Close)
			}
			w.WriteHeader(status)
		}))
		wantOutcome(t, s.Listener.Addr().String(), generous, roster.Alive)
		s.Close()
	}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	wantOutcome(t, secure.Listener.Addr().String(), generous, roster.Alive)
}

func TestNobodyThereIsRefused(t *testing.T) {
	l := listen(t)
	_ = l.Close()
	wantOutcome(t, l.Addr().String(), generous, roster.Refused)
}

func TestWhatDoesNotAnswerIsMute(t *testing.T) {
	const short = 100 * time.Millisecond
	// A listener that nobody accepts from: the kernel lives, the process
	// does not move.
	wantOutcome(t, listen(t).Addr().String(), short, roster.Mute)
	wantOutcome(t, accepting(t, func(_ int64, c net.Conn) { _ = c.Close() }), generous, roster.Mute)
	wantOutcome(t, accepting(t, func(_ int64, c net.Conn) {
		_, _ = c.Write([]byte("SSH-2.0-something"))
		_ = c.Close()
	}), generous, roster.Mute)
}

func TestLostTryIsMadeUpFor(t *testing.T) {
	addr := accepting(t, func(n int64, c net.Conn) {
		if n < int64(len(starts)) {
			return // all but the last are never answered
		}
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
		_ = c.Close()
	})
	wantOutcome(t, addr, generous, roster.Alive)
}

func TestOwnFaultsSayNothingOfTheNode(t *testing.T) {
	wrapped := func(err error) error { return &net.OpError{Op: "dial", Err: fmt.Errorf("connect: %w", err)} }
	for _, c := range []struct {
		err  error
		want roster.Outcome
	}{
		{nil, roster.Alive},
		{wrapped(syscall.ECONNREFUSED), roster.Refused},
		{wrapped(syscall.ECONNRESET), roster.Mute},
		{wrapped(syscall.EHOSTUNREACH), roster.Mute},
		{context.DeadlineExceeded, roster.Mute},
		{errNotHTTP, roster.Mute},
		{wrapped(syscall.EMFILE), roster.Unsure},
		{wrapped(syscall.EADDRNOTAVAIL), roster.Unsure},
		{wrapped(syscall.ENETUNREACH), roster.Unsure},
		{wrapped(&net.DNSError{Err: "no such host"}), roster.Unsure},
	} {
		if got := judge(c.err); got != c.want {
			t.Errorf("%v is %s; want %s", c.err, got, c.want)
		}
	}
}

func TestSilenceIsNotBelievedOfAProbeThatEndedLate(t *testing.T) {
	const timeout = 100 * time.Millisecond
	for _, c := range []struct {
		found roster.Outcome
		took  time.Duration
		want  roster.Outcome
	}{
		{roster.Mute, 101 * time.Millisecond, roster.Mute},
		{roster.Mute, 150 * time.Millisecond, roster.Mute},
		{roster.Mute, 151 * time.Millisecond, roster.Unsure},
		{roster.Alive, time.Minute, roster.Alive},
		{roster.Refused, time.Minute, roster.Refused},
	} {
		if got := believe(c.found, c.took, timeout); got != c.want {
			t.Errorf("%s after %s is %s; want %s", c.found, c.took, got, c.want)
		}
	}
}

func TestTrackerThatStopsIsUnsure(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	reg := prometheus.NewRegistry()
	if got := New(generous, reg).Probe(ctx, listen(t).Addr().String()); got != roster.Unsure {
		t.Fatalf("got %s", got)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(reg, "dray_tracker_probes_total", "dray_tracker_probe_duration_seconds"); n != 2 || err != nil {
		t.Errorf("%d series, %v", n, err)
	}
}
