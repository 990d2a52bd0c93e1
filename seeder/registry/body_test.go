package registry

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestALimitIsSharedByAllBodies(t *testing.T) {
	const bytesPerSecond = 10 << 20
	synctest.Test(t, func(t *testing.T) {
		limit := newLimit(bytesPerSecond)
		start := time.Now()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				b := newBody(t.Context(), httptest.NewRecorder())
				b.limit = limit
				n, err := b.ReadFrom(bytes.NewReader(make([]byte, bytesPerSecond)))
				if n != bytesPerSecond || err != nil || b.sent != n {
					t.Errorf("sent %d (%d), %v", n, b.sent, err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took < 3500*time.Millisecond || took > 4500*time.Millisecond {
			t.Errorf("4 s worth of bytes took %v", took)
		}
	})
}

func TestALimitedBodyEndsWithItsClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		b := newBody(ctx, httptest.NewRecorder())
		b.limit = newLimit(1 << 20)
		n, err := b.ReadFrom(bytes.NewReader(make([]byte, 100<<20)))
		if err == nil || b.err == nil || n > 2<<20 {
			t.Errorf("sent %d, %v", n, err)
		}
		if _, again := b.Write([]byte("x")); again == nil {
			t.Error("a body that has failed goes on")
		}
	})
}

func TestLimitsBetweenVeryLowAndVeryHigh(t *testing.T) {
	for rate, piece := range map[int64]int64{1: minPiece, 100_000_000: 100_000, 1 << 40: maxPiece, 0: maxPiece, -1: maxPiece} {
		b := &body{limit: newLimit(rate)}
		if got := b.piece(); got != piece {
			t.Errorf("%d bytes/s: pieces of %d, want %d", rate, got, piece)
		}
	}
}

func TestReadFromTakesNoMoreThanTheLimit(t *testing.T) {
	src := bytes.NewReader(make([]byte, 5<<20))
	l := &io.LimitedReader{R: src, N: 3<<20 + 1}
	b := newBody(t.Context(), httptest.NewRecorder())
	if n, err := b.ReadFrom(l); n != 3<<20+1 || err != nil || l.N != 0 || src.Len() != 2<<20-1 {
		t.Errorf("took %d, %v; %d left under the limit, %d in the source", n, err, l.N, src.Len())
	}
}

func TestUploadsAreCountedWhileTheyRun(t *testing.T) {
	b := newBed(t)
	d := b.put(noise(16 << 20)) // more than the sockets' buffers
	p := b.peer()
	addr := b.listen(p)
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, "GET "+blobPath(d)+" HTTP/1.1\r\nHost: peer\r\n\r\n")
	if _, err := io.ReadFull(c, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if n := p.Uploads(); n != 1 {
		t.Errorf("%d uploads while one runs", n)
	}
	c.Close()
	for deadline := time.Now().Add(10 * time.Second); p.Uploads() != 0; <-time.After(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the upload does not end when its client has left")
		}
	}
	if n := len(openFiles(t)); n > 0 {
		t.Errorf("%d files of the store are still open", n)
	}
}

// openFiles are this process's open files with the name of a blob.
func openFiles(t *testing.T) (names []string) {
	fds, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if name, err := os.Readlink(fd); err == nil && filepath.Base(filepath.Dir(name)) == "sha256" {
			names = append(names, name)
		}
	}
	return names
}

func TestAClientWithABodyCannotStay(t *testing.T) {
	b := newBed(t)
	d := b.put(noise(10))
	m := b.mirror(MirrorConfig{})
	synctest.Test(t, func(t *testing.T) {
		client := piped(t, m)
		go io.WriteString(client, "POST "+blobPath(d)+" HTTP/1.1\r\nHost: mirror\r\nContent-Length: 100000\r\n\r\nslow")
		start := time.Now()
		got, _ := io.ReadAll(client)
		if !bytes.HasPrefix(got, []byte("HTTP/1.1 405")) && len(got) > 0 {
			t.Errorf("got %.200q", got)
		}
		if took := time.Since(start); took > 2*bodyPatience {
			t.Errorf("the connection lived for %v", took)
		}
	})
}
