package testbed_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

func bed(t *testing.T) *testbed.Bed {
	testbed.Require(t)
	return testbed.New(t)
}

// get fetches a URL from a host, bounded.
func get(t *testing.T, h *testbed.Host, url string, limit time.Duration) (int64, error) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := h.Client().Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return io.Copy(io.Discard, res.Body)
}

// zeros serves n bytes.
func zeros(n int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.CopyN(w, zeroReader{}, n)
	})
}

type zeroReader struct{}

func (zeroReader) Read(p []byte) (int, error) { return len(p), nil }

func TestHostsReachEachOther(t *testing.T) {
	t.Parallel()
	b := bed(t)
	server, client := b.Host("server"), b.Host("client")
	server.Serve(":80", zeros(1000))
	if n, err := get(t, client, "http://"+server.At(80), 5*time.Second); err != nil || n != 1000 {
		t.Fatalf("got %d bytes, %v", n, err)
	}
}

func TestHostsOfTwoBedsDoNotMeet(t *testing.T) {
	t.Parallel()
	b, other := bed(t), testbed.New(t)
	b.Host("client")
	server := b.Host("server")
	server.Serve(":80", zeros(1))
	stranger := other.Host("client")
	if _, err := get(t, stranger, "http://"+server.At(80), 300*time.Millisecond); err == nil {
		t.Fatal("a host of another bed reached the server")
	}
}

func TestRateBoundsBothDirections(t *testing.T) {
	t.Parallel()
	b := bed(t)
	server, client := b.Host("server"), b.Host("client")
	const size = 12 << 20
	server.Serve(":80", zeros(size))
	for _, slow := range []*testbed.Host{server, client} {
		slow.SetRate(100 * testbed.Mbit)
		begin := time.Now()
		if _, err := get(t, client, "http://"+server.At(80), time.Minute); err != nil {
			t.Fatal(err)
		}
		took := time.Since(begin)
		if floor := time.Second * size * 8 / 110e6; took < floor {
			t.Errorf("%s at 100 Mbit/s: %d bytes in %s; can't be faster than %s", slow.Name, size, took, floor)
		}
		t.Logf("%s at 100 Mbit/s: %.0f Mbit/s of payload", slow.Name, size*8/1e6/took.Seconds())
		slow.SetRate(0)
	}
}

func TestTrafficCountsTheBytesOfEachLink(t *testing.T) {
	t.Parallel()
	b := bed(t)
	server, client, other := b.Host("server"), b.Host("client"), b.Host("other")
	server.Serve(":80", zeros(10<<20))
	serverBefore, clientBefore, otherBefore := server.Traffic(), client.Traffic(), other.Traffic()
	if _, err := get(t, client, "http://"+server.At(80), time.Minute); err != nil {
		t.Fatal(err)
	}
	if n := server.Traffic().Sub(serverBefore).Sent; n < 10<<20 || n > 11<<20 {
		t.Errorf("the server has sent %d bytes; want about %d", n, 10<<20)
	}
	if n := client.Traffic().Sub(clientBefore).Received; n < 10<<20 || n > 11<<20 {
		t.Errorf("the client has received %d bytes; want about %d", n, 10<<20)
	}
	if n := other.Traffic().Sub(otherBefore); n.Sent+n.Received > 10<<10 {
		t.Errorf("somebody else's link has carried %+v", n)
	}
}

// TCP puts at most 1448 bytes into a frame of 1514.
func TestShapedCountsEveryFrame(t *testing.T) {
	t.Parallel()
	b := bed(t)
	server, client := b.Host("server"), b.Host("client")
	server.SetRate(testbed.Gbit)
	client.SetRate(testbed.Gbit)
	const size = 10 << 20
	server.Serve(":80", zeros(size))
	if _, err := get(t, client, "http://"+server.At(80), time.Minute); err != nil {
		t.Fatal(err)
	}
	const least = size / 1448 * 1514
	if n := server.Shaped().Sent; n < least || n > least*11/10 {
		t.Errorf("the server has sent %d bytes on the wire; want about %d", n, least)
	}
	if n := client.Shaped().Received; n < least || n > least*11/10 {
		t.Errorf("the client has received %d bytes on the wire; want about %d", n, least)
	}
}

// A cable that is pulled tells nobody: no reset, no refusal, no unreachable
// host. What was on its way comes when it is back.
func TestUnpluggedHostIsSilent(t *testing.T) {
	t.Parallel()
	b := bed(t)
	server, client := b.Host("server"), b.Host("client")
	l := server.Listen(":80")
	c, err := client.Dial(t.Context(), "tcp", server.At(80))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()

	server.Unplug()
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatalf("a write into the cut link: %v", err)
	}
	wantTimeout(t, "reading from the cut host", func() error {
		_ = c.SetReadDeadline(time.Now().Add(time.Second))
		_, err := c.Read(make([]byte, 1))
		return err
	})
	wantTimeout(t, "dialling the cut host", func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		_, err := client.Dial(ctx, "tcp", server.At(80))
		return err
	})

	server.Plug()
	_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatalf("plugged in again: %v", err)
	}
}

func wantTimeout(t *testing.T, what string, f func() error) {
	t.Helper()
	var ne net.Error
	if err := f(); !errors.As(err, &ne) || !ne.Timeout() {
		t.Fatalf("%s: got %v; want a timeout", what, err)
	}
}

func TestProcessesRunOnTheirHostAndEndWhenTold(t *testing.T) {
	t.Parallel()
	b := bed(t)
	h := b.Host("h")
	shell := h.Start("shell", "/bin/sh", "-c", "ip -o addr; trap 'echo bye; exit 3' TERM; echo ready; while :; do sleep 0.1; done")
	shell.WaitLog("ready", 10*time.Second)
	if log := string(shell.Log()); !strings.Contains(log, h.Addr.String()) {
		t.Errorf("the process doesn't see its host's address:\n%s", log)
	}
	shell.Terminate(10 * time.Second)
	if tail := shell.Tail(1); tail != "bye" {
		t.Errorf("last words: %q", tail)
	}
	sleeper := h.Start("sleeper", "/bin/sleep", "1000")
	sleeper.Pause()
	sleeper.Kill()
	select {
	case <-sleeper.Ended():
	default:
		t.Error("a paused process survived Kill")
	}
}
