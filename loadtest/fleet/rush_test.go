package fleet

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// rushTo is a rush over so many lines to a server, each of which was used before.
func rushTo(t *testing.T, lines int, handler http.HandlerFunc) *rush {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	r := &rush{gap: time.Millisecond, seen: new(histogram)}
	for range lines {
		l := &line{addr: strings.TrimPrefix(s.URL, "http://")}
		t.Cleanup(l.hangUp)
		askOnce(t, l)
		fd, err := l.lend()
		if err != nil {
			t.Fatal(err)
		}
		request := "POST /again HTTP/1.1\r\nHost: " + l.addr + "\r\nContent-Length: 2\r\n\r\n{}"
		r.lines = append(r.lines, rushLine{fd: fd, owner: l, request: []byte(request)})
	}
	return r
}

// askOnce is a request as others than the rush make it.
func askOnce(t *testing.T, l *line) {
	t.Helper()
	client := &http.Client{Transport: l, Timeout: 10 * time.Second}
	res, err := client.Post("http://"+l.addr+"/once", "application/json", strings.NewReader("{}"))
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", res, err)
	}
}

func TestARushAsksAtItsPaceAndGivesTheLinesBack(t *testing.T) {
	var asked atomic.Uint64
	body := strings.Repeat("x", 3000) // two reads or more, if the kernel likes
	r := rushTo(t, 20, func(w http.ResponseWriter, req *http.Request) {
		got, err := io.ReadAll(req.Body)
		if err != nil || string(got) != "{}" {
			t.Errorf("the server got %q, %v", got, err)
		}
		if req.URL.Path == "/again" {
			asked.Add(1)
		}
		w.Header().Set("Content-Length", "3000")
		_, _ = io.WriteString(w, body)
	})
	if err := r.run(t.Context(), 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	n := asked.Load()
	if n == 0 || n > 300 {
		t.Errorf("%d requests in 300 ms, one each millisecond", n)
	}
	if seen := r.seen.count.Load() + uint64(r.unseen); seen != n {
		t.Errorf("%d answers to %d requests", seen, n)
	}
	if err := r.giveBack(); err != nil {
		t.Fatal(err)
	}
	for i := range r.lines {
		askOnce(t, r.lines[i].owner)
	}
}

func TestARushThatIsRefusedSaysWhy(t *testing.T) {
	r := rushTo(t, 3, func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/again" {
			w.WriteHeader(http.StatusTeapot)
		}
	})
	if err := r.run(t.Context(), 10*time.Second); err == nil || !strings.Contains(err.Error(), "418") {
		t.Errorf("got %v", err)
	}
	if err := r.giveBack(); err != nil {
		t.Error(err)
	}
}

func TestARushDoesWithoutLinesThatAreClosed(t *testing.T) {
	r := rushTo(t, 3, func(http.ResponseWriter, *http.Request) {})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer s.Close()
	closed := &line{addr: strings.TrimPrefix(s.URL, "http://")}
	askOnce(t, closed)
	fd, err := closed.lend()
	if err != nil {
		t.Fatal(err)
	}
	r.lines = append(r.lines, rushLine{fd: fd, owner: closed})
	s.CloseClientConnections()
	if err := r.run(t.Context(), 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if !r.lines[3].gone {
		t.Error("the closed line is still used")
	}
}

func TestWhatIsUnderWayWhenARushIsHeldUpIsNotCounted(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	r := rushTo(t, 1, func(_ http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/again" {
			asked <- struct{}{}
			<-answer
		}
	})
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	defer r.close()
	if err := r.write(time.Now()); err != nil {
		t.Fatal(err)
	}
	<-asked
	r.forget()
	close(answer)
	if err := r.finish(); err != nil {
		t.Fatal(err)
	}
	if r.unseen != 1 || r.seen.count.Load() != 0 || r.under != 0 {
		t.Errorf("%d not counted, %d counted, %d under way", r.unseen, r.seen.count.Load(), r.under)
	}
}

func TestALineThatWasNeverUsedIsNotLent(t *testing.T) {
	if _, err := new(line).lend(); !errors.Is(err, errNotConnected) {
		t.Errorf("got %v", err)
	}
	if err := new(rush).run(t.Context(), time.Second); !errors.Is(err, errNotConnected) {
		t.Errorf("got %v", err)
	}
}
