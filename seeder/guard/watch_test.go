package guard

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// shelf is a store with at most one ingest, for what takes too long with a
// real one.
type shelf struct {
	mu         sync.Mutex
	ingest     *store.Ingest
	data       []byte
	unreadable bool
	refuses    bool   // to abort
	meanwhile  func() // called while the ingest is opened
	record     record
}

// record is what was asked of a shelf.
type record struct {
	looks, opened int
	aborted       time.Time
}

func (s *shelf) seen() record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.record
}

func (s *shelf) Ingests(context.Context, digest.Digest) ([]store.Ingest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.looks++
	if s.ingest == nil {
		return nil, nil
	}
	return []store.Ingest{*s.ingest}, nil
}

func (s *shelf) OpenIngest(context.Context, string) (store.Blob, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record.opened++
	if s.meanwhile != nil {
		s.meanwhile()
	}
	if s.unreadable {
		return store.Blob{}, store.ErrNotFound
	}
	return store.Blob{ReadSeekCloser: closable{bytes.NewReader(s.data)}, Size: int64(len(s.data))}, nil
}

func (s *shelf) Abort(context.Context, string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuses {
		return errors.New("not now")
	}
	s.ingest, s.record.aborted = nil, time.Now()
	return nil
}

func (s *shelf) write(data []byte, total int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = data
	s.ingest = &store.Ingest{Ref: "layer-x", Offset: int64(len(data)), Total: total, UpdatedAt: time.Now()}
}

func (s *shelf) remove() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ingest = nil
}

type closable struct{ io.ReadSeeker }

func (closable) Close() error { return nil }

var wanted = digest.FromString("right")

// bubble runs a test with a watched shelf on a fake clock.
func bubble(t *testing.T, test func(*testing.T, *shelf, *Guard)) {
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{}
		g, accused := start(t, s, func(*timing) {})
		test(t, s, g)
		for len(accused) > 0 {
			<-accused
		}
	})
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}

func TestPoisonIsGoneBeforeAnyoneTriesAgain(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		began := time.Now()
		s.write([]byte("wrong"), 5)
		g.Watch(wanted, []string{"a"})
		pass(time.Minute)
		if took := s.seen().aborted.Sub(began); took < 0 || took > 2*time.Second {
			t.Fatalf("aborted after %s", took)
		}
	})
}

func TestACommittedBlobCostsOneLook(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		g.Watch(wanted, []string{"a"})
		pass(2 * time.Hour)
		if s.seen().looks != 1 || s.seen().opened != 0 {
			t.Fatalf("%d looks, %d opened", s.seen().looks, s.seen().opened)
		}
	})
}

func TestAFullIngestThatIsCommittedInTimeIsNotRead(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.write([]byte("right"), 5)
		g.Watch(wanted, nil)
		pass(700 * time.Millisecond) // after the first look, before the second
		s.remove()
		pass(2 * time.Hour)
		if s.seen().opened != 0 || s.seen().looks != 2 {
			t.Fatalf("%d looks, %d opened", s.seen().looks, s.seen().opened)
		}
	})
}

func TestRightBytesAreHashedOnce(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.write([]byte("right"), 5)
		g.Watch(wanted, nil)
		pass(2 * time.Hour)
		if s.seen().opened != 1 || !s.seen().aborted.IsZero() {
			t.Fatalf("%d opened, aborted at %s", s.seen().opened, s.seen().aborted)
		}
	})
}

func TestAGrowingIngestIsFollowedToItsEnd(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		g.Watch(wanted, nil)
		for n := range 5 {
			s.write([]byte("wrong")[:n], 5)
			pass(5 * time.Minute)
		}
		if s.seen().opened != 0 {
			t.Fatal("an unfinished ingest was read")
		}
		s.write([]byte("wrong"), 5)
		pass(time.Minute)
		if s.seen().aborted.IsZero() {
			t.Fatal("not aborted")
		}
	})
}

func TestAnIngestThatStandsStillIsGivenUpAfterAnHour(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.write([]byte("wro"), 5)
		g.Watch(wanted, nil)
		pass(61 * time.Minute)
		looks := s.seen().looks
		if looks > 200 {
			t.Errorf("%d looks in an hour", looks)
		}
		s.write([]byte("wrong"), 5)
		pass(2 * time.Hour)
		if s.seen().looks != looks {
			t.Errorf("%d looks after the end", s.seen().looks-looks)
		}
	})
}

func TestAnotherRelayProlongsTheWatch(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.write([]byte("wro"), 5)
		g.Watch(wanted, nil)
		pass(50 * time.Minute)
		g.Watch(wanted, nil)
		pass(50 * time.Minute)
		s.write([]byte("wrong"), 5)
		pass(2 * time.Minute)
		if s.seen().aborted.IsZero() {
			t.Fatal("not aborted")
		}
	})
}

func TestAnUnknownLengthIsNeverFull(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.write([]byte("wrong"), 0)
		g.Watch(wanted, nil)
		pass(2 * time.Hour)
		if s.seen().opened != 0 || !s.seen().aborted.IsZero() {
			t.Fatalf("%d opened, aborted at %s", s.seen().opened, s.seen().aborted)
		}
	})
}

func TestWhatCannotBeReadGetsHalfAMinute(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.unreadable = true
		s.write([]byte("wrong"), 5)
		g.Watch(wanted, nil)
		pass(29 * time.Second)
		if !s.seen().aborted.IsZero() {
			t.Fatal("aborted too early")
		}
		pass(time.Minute)
		if s.seen().aborted.IsZero() {
			t.Fatal("not aborted")
		}
	})
}

func TestAnIngestThatMovedWhileItWasHashedIsNotAborted(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.write([]byte("wrong"), 5)
		s.meanwhile = func() { s.ingest.Offset, s.ingest.UpdatedAt = 1, time.Now() }
		g.Watch(wanted, nil)
		pass(2 * time.Hour)
		if s.seen().opened != 1 || !s.seen().aborted.IsZero() {
			t.Fatalf("%d opened, aborted at %s", s.seen().opened, s.seen().aborted)
		}
	})
}

func TestAnAbortThatFailsIsTriedAgainSeldom(t *testing.T) {
	bubble(t, func(t *testing.T, s *shelf, g *Guard) {
		s.refuses = true
		s.write([]byte("wrong"), 5)
		g.Watch(wanted, nil)
		pass(10 * time.Minute)
		if s.seen().opened < 10 || s.seen().opened > 40 {
			t.Errorf("hashed %d times", s.seen().opened)
		}
		s.mu.Lock()
		s.refuses = false
		s.mu.Unlock()
		pass(time.Minute)
		if s.seen().aborted.IsZero() {
			t.Error("not aborted")
		}
	})
}

func TestWatchNeverBlocks(*testing.T) {
	g := New(&shelf{}, nil, discard, nil) // nobody runs it
	for range 2 * maxWatches {
		g.Watch(wanted, nil)
	}
}
