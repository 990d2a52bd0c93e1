package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
)

// late is an ingest of which nothing is in the file until the test writes it.
type late struct {
	t    *testing.T
	base *Base
	blob []byte
	d    digest.Digest
	file *os.File
	own  *Growing
}

func newLate(t *testing.T, size int) *late {
	t.Helper()
	l := &late{t: t, base: NewBase(Services{}, Files{Path: t.TempDir(), Namespace: "k8s.io"}), blob: make([]byte, size)}
	r := rand.NewChaCha8([32]byte{3})
	_, _ = r.Read(l.blob)
	l.d = digest.FromBytes(l.blob)
	ingest(t, l.base.Files, "a", "k8s.io/1/layer-"+l.d.String(), nil, 0)
	var err error
	if l.file, err = os.OpenFile(filepath.Join(l.base.Path, "ingest", "a", "data"), os.O_APPEND|os.O_WRONLY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.file.Close() })
	l.own = l.open()
	return l
}

func (l *late) open() *Growing {
	l.t.Helper()
	g, err := l.base.OpenGrowing(l.t.Context(), l.d)
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = g.Close() })
	return g
}

func (l *late) write(p []byte) {
	l.t.Helper()
	if _, err := l.file.Write(p); err != nil {
		l.t.Fatal(err)
	}
}

// read reads n bytes from an offset on, as the peer side does.
func (l *late) read(g *Growing, at, n int64) error {
	ctx, cancel := context.WithTimeout(l.t.Context(), 20*time.Second)
	defer cancel()
	for end := at + n; at < end; {
		there, err := g.Wait(ctx, at)
		if err != nil {
			return err
		}
		r, err := g.Reader(at, min(there, end)-at)
		if errors.Is(err, ErrBehind) {
			continue
		}
		if err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if err != nil || len(got) == 0 || !bytes.Equal(got, l.blob[at:at+int64(len(got))]) {
			return errors.Join(err, errors.New("wrong bytes, or none"))
		}
		at += int64(len(got))
	}
	return nil
}

func TestReadersHaveWhatIsNotInTheFileYet(t *testing.T) {
	l := newLate(t, 3<<20)
	f := NewFeed(0, 3<<20)
	l.own.Attach(f)
	f.Write(l.blob[:1000])
	g := l.open()
	if err := l.read(g, 0, 1000); err != nil {
		t.Fatal(err)
	}
	if n := l.own.Offset(); n != 1000 {
		t.Errorf("offset %d", n)
	}
	f.Write(l.blob[1000 : 1<<20])
	l.write(l.blob[:1<<20])
	f.Write(l.blob[1<<20:])
	if err := l.read(g, 1000, 1<<20-1000); err != nil {
		t.Fatal(err)
	}
	if n := l.own.Offset(); n != 1<<20 {
		t.Errorf("offset %d: what the feed has let go is not there yet", n)
	}
	if _, err := g.Reader(1<<20, 1); !errors.Is(err, ErrBehind) {
		t.Errorf("reading it: %v", err)
	}
}

// One that is slower than the feed goes on in the file.
func TestASlowReaderGoesOnInTheFile(t *testing.T) {
	const step = 1 << 20
	l := newLate(t, 6*step)
	f := NewFeed(0, 6*step)
	l.own.Attach(f)
	var readers sync.WaitGroup
	for _, at := range []int64{0, 1, step, 3*step + 5} {
		g := l.open()
		readers.Go(func() {
			if err := l.read(g, at, 6*step-at); err != nil {
				t.Errorf("from %d: %v", at, err)
			}
		})
	}
	for at := 0; at < 6*step; at += step { // the file is up to 1 MiB behind
		for piece := at; piece < at+step; piece += 100_000 {
			f.Write(l.blob[piece:min(piece+100_000, at+step)])
		}
		l.write(l.blob[at : at+step])
	}
	f.Close()
	readers.Wait()
}

// Without readers only the beginning is kept; from the first one on all that comes.
func TestAFeedThatNobodyReadsKeepsItsBeginning(t *testing.T) {
	f := NewFeed(0, 10<<20)
	piece := make([]byte, 256<<10)
	for range 5 {
		f.Write(piece)
	}
	if f.lo != 0 || f.hi != feedWindow {
		t.Errorf("it keeps %d to %d of the beginning", f.lo, f.hi)
	}
	f.Write(piece)
	if f.lo != f.hi {
		t.Errorf("nobody wants it, and it keeps %d bytes", f.hi-f.lo)
	}
	f.want()
	f.Write(piece)
	if f.hi-f.lo != int64(len(piece)) {
		t.Errorf("it keeps %d bytes of what somebody wants", f.hi-f.lo)
	}
}

func TestANilFeedTakesNothing(t *testing.T) {
	var f *Feed
	f.Write([]byte("x"))
	f.want()
	f.Close()
	if n := f.beyond(7, 0); n != 7 {
		t.Errorf("%d bytes", n)
	}
}
