package fleet

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestALineIsOneConnectionAndComesBack(t *testing.T) {
	var connections, answers atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answers.Add(1)
		_, _ = w.Write([]byte(`{"interval_ms": 7}`))
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	l := &line{addr: strings.TrimPrefix(s.URL, "http://")}
	defer l.hangUp()
	c := trackerapi.NewClient(l.addr, &http.Client{Transport: l})
	for i, want := range []int32{1, 1, 2, 2} {
		if i == 2 {
			s.CloseClientConnections() // as one that was idle for too long
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		r, err := c.Register(ctx, trackerapi.RegisterRequest{})
		cancel()
		if err != nil || r.IntervalMS != 7 {
			t.Fatalf("request %d: %+v, %v", i, r, err)
		}
		if got := connections.Load(); got != want {
			t.Fatalf("%d connections after request %d; want %d", got, i, want)
		}
	}
	if answers.Load() != 4 {
		t.Fatalf("%d requests", answers.Load())
	}
}

func TestALineGivesUpInTime(t *testing.T) {
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	l := &line{addr: strings.TrimPrefix(s.URL, "http://")}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := trackerapi.NewClient(l.addr, &http.Client{Transport: l}).Register(ctx, trackerapi.RegisterRequest{})
	if got := kindOf(err); got != "no answer in time" {
		t.Fatalf("got %q: %v", got, err)
	}
	close(release)
	s.Close()
	ctx, cancel = context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err = trackerapi.NewClient(l.addr, &http.Client{Transport: l}).Register(ctx, trackerapi.RegisterRequest{})
	if got := kindOf(err); got != "connection refused" {
		t.Fatalf("got %q: %v", got, err)
	}
}
