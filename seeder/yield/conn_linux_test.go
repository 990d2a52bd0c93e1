package yield

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A connection that carries a background request is slow while others are served,
// and only then.
func TestConnectionsArePaced(t *testing.T) {
	road := New()
	server, client := pipe(t)
	ctx := Conn(t.Context(), server)
	inside, hold := make(chan struct{}), make(chan struct{})
	handler := road.Before(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { inside <- struct{}{}; <-hold }))
	done := make(chan struct{})
	go func() {
		defer close(done)
		handler.ServeHTTP(httptest.NewRecorder(), request(true).WithContext(ctx))
	}()
	<-inside
	expectPace(t, server, unpaced)
	road.begin()
	expectPace(t, server, Trickle)
	road.end()
	expectPace(t, server, unpaced)
	road.begin()
	close(hold)
	<-done
	expectPace(t, server, unpaced) // the next request on it is another's
	_ = client.Close()
}

// However many there are, they have no more together than one alone.
func TestConnectionsShareTheTrickle(t *testing.T) {
	road := New()
	road.begin()
	var all []net.Conn
	for range 2 {
		server, _ := pipe(t)
		all = append(all, server)
		c, _ := Conn(t.Context(), server).Value(connKey{}).(*conn)
		road.merge(c)
		defer road.leave(c)
	}
	for _, c := range all {
		expectPace(t, c, Trickle/2)
	}
}

func pipe(t *testing.T) (server, client net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server, client
}

func expectPace(t *testing.T, c net.Conn, want uint64) {
	t.Helper()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var got uint64
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); <-time.After(5 * time.Millisecond) {
		_ = raw.Control(func(fd uintptr) {
			got, err = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_MAX_PACING_RATE)
		})
		if err != nil {
			t.Fatal(err)
		}
		if got == want {
			return
		}
	}
	t.Fatalf("its pace is %d; want %d", got, want)
}
