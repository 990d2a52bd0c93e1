package inventory

import (
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

// shelf is a source whose every step a test decides, for what cannot be
// arranged with a real store: a certain order, a certain time.
type shelf struct {
	mu     sync.Mutex
	blobs  map[digest.Digest]bool
	images []store.Image
	away   bool
	during func() // called in the middle of a walk, after the look at blobs

	walks, lists, subscriptions int

	events chan store.Event
	broken chan error
}

func newShelf(blobs ...digest.Digest) *shelf {
	s := &shelf{
		blobs:  map[digest.Digest]bool{},
		events: make(chan store.Event, 10),
		broken: make(chan error),
	}
	for _, d := range blobs {
		s.blobs[d] = true
	}
	return s
}

var errAway = errors.New("away")

func (s *shelf) Subscribe(ctx context.Context) (<-chan store.Event, <-chan error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscriptions++
	events, errs := make(chan store.Event), make(chan error, 1)
	go func() {
		defer close(errs)
		defer close(events)
		errs <- s.relay(ctx, events)
	}()
	return events, errs
}

func (s *shelf) relay(ctx context.Context, to chan<- store.Event) error {
	for {
		select {
		case e := <-s.events:
			select {
			case to <- e:
			case <-ctx.Done():
				return ctx.Err()
			}
		case err := <-s.broken:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *shelf) Walk(_ context.Context, fn func(store.Info) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.walks++
	if s.away {
		return errAway
	}
	for d := range s.blobs {
		if err := fn(store.Info{Digest: d, Size: 1}); err != nil {
			return err
		}
	}
	if s.during != nil {
		s.during()
	}
	return nil
}

func (s *shelf) Images(context.Context) ([]store.Image, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lists++
	return s.images, nil
}

func (s *shelf) Open(context.Context, digest.Digest) (store.Blob, error) {
	return store.Blob{}, io.ErrUnexpectedEOF
}

func (s *shelf) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *shelf) counts() (walks, lists, subscriptions int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.walks, s.lists, s.subscriptions
}

func pass(d time.Duration) {
	time.Sleep(d) //nolint:forbidigo // the bubble's clock
	synctest.Wait()
}

func TestABlobThatComesDuringAWalkIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(sum("old"))
		s.during = func() {
			s.during = nil
			s.events <- store.Event{Kind: store.BlobCreated, Digest: sum("new")}
		}
		inv := run(t, s, time.Hour)
		synctest.Wait()
		if !inv.Has(sum("old")) || !inv.Has(sum("new")) {
			t.Fatalf("got %v", inv.Snapshot().Digests)
		}
	})
}

func TestABlobThatGoesDuringAWalkDoesNotComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(sum("old"))
		s.during = func() {
			s.during = nil
			delete(s.blobs, sum("old"))
			s.events <- store.Event{Kind: store.BlobDeleted, Digest: sum("old")}
		}
		inv := run(t, s, time.Hour)
		synctest.Wait()
		if inv.Has(sum("old")) {
			t.Fatal("it is announced")
		}
	})
}

func TestWhatNoEventToldIsFoundSoonAfterSubscribing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		inv := run(t, s, time.Hour)
		synctest.Wait()
		s.set(func() { s.blobs[sum("missed")] = true })
		pass(settleTime)
		if !inv.Has(sum("missed")) {
			t.Fatal("it is not known")
		}
	})
}

func TestWalksKeepTheirInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		run(t, s, time.Minute)
		pass(10*time.Minute + 30*time.Second)
		if walks, _, _ := s.counts(); walks != 12 { // the first, the one after settleTime, one a minute
			t.Fatalf("%d walks in ten minutes", walks)
		}
	})
}

func TestManyImageEventsAreOneListingAndOneWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(sum("layer"))
		inv := run(t, s, time.Hour)
		pass(time.Minute)
		walks, lists, _ := s.counts()
		s.set(func() {
			s.images = []store.Image{image("x:1", "a")}
			delete(s.blobs, sum("layer")) // garbage, without an event
		})
		for range 50 {
			s.events <- store.Event{Kind: store.ImagesChanged}
		}
		pass(imagesDelay)
		if _, ok := inv.Image("x:1"); !ok {
			t.Fatal("the image is not known")
		}
		if _, n, _ := s.counts(); n != lists+1 {
			t.Fatalf("%d listings", n-lists)
		}
		pass(settleTime)
		if n, _, _ := s.counts(); n != walks+1 || inv.Has(sum("layer")) {
			t.Fatalf("%d walks; the layer is known: %v", n-walks, inv.Has(sum("layer")))
		}
	})
}

func TestALostStoreIsTriedAgainAndTheInventoryStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(sum("a"))
		inv := run(t, s, time.Hour)
		pass(time.Minute)
		s.set(func() { s.away = true })
		s.broken <- errAway
		synctest.Wait()
		if inv.Healthy() || !inv.Has(sum("a")) {
			t.Fatalf("healthy %v, has %v", inv.Healthy(), inv.Has(sum("a")))
		}
		_, _, before := s.counts()
		pass(time.Minute)
		if _, _, n := s.counts(); n-before < 10 || n-before > 25 {
			t.Errorf("tried %d times in a minute", n-before)
		}
		s.set(func() { s.away = false; s.blobs[sum("b")] = true })
		pass(retryMax)
		if !inv.Healthy() || !inv.Has(sum("b")) {
			t.Fatalf("healthy %v, has %v", inv.Healthy(), inv.Has(sum("b")))
		}
		s.broken <- errAway // once it was back, the next loss is mended at once
		pass(retryMin)
		if !inv.Healthy() {
			t.Fatal("the pause is still long")
		}
	})
}

func TestItIsReadyOnlyAfterAWholeWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf(sum("a"))
		s.away = true
		inv := run(t, s, time.Hour)
		pass(time.Minute)
		select {
		case <-inv.Ready():
			t.Fatal("ready")
		default:
		}
		s.set(func() { s.away = false })
		<-inv.Ready()
		if !inv.Has(sum("a")) {
			t.Fatal("ready, and does not know")
		}
	})
}

func TestABlobThatCannotBeReadIsNotCalledWrong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inv := run(t, newShelf(sum("a")), time.Hour)
		synctest.Wait()
		inv.Verify(sum("a"))
		synctest.Wait()
		if !inv.Has(sum("a")) || inv.Quarantined(sum("a")) {
			t.Fatalf("has %v, quarantined %v", inv.Has(sum("a")), inv.Quarantined(sum("a")))
		}
	})
}

func TestVerifyNeverBlocks(*testing.T) {
	inv := New(newShelf(), Config{}, discard, nil) // nobody runs it
	for i := range 2 * maxVerifications {
		inv.Verify(sum(string(rune(i))))
	}
}
