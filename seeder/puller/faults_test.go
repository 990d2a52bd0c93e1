package puller

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// once spoils only the first body of each blob.
func once(spoil sender) sender {
	var seen sync.Map
	return func(w http.ResponseWriter, r *http.Request, body []byte) {
		if _, again := seen.LoadOrStore(r.URL.Path, true); again {
			whole(w, r, body)
			return
		}
		spoil(w, r, body)
	}
}

func flipped(w http.ResponseWriter, r *http.Request, body []byte) {
	body = slices.Clone(body)
	body[len(body)/3] ^= 1
	whole(w, r, body)
}

func endsEarly(w http.ResponseWriter, _ *http.Request, body []byte) {
	_, _ = w.Write(body[:len(body)/2]) // less than Content-Length: the server ends the connection with a FIN
}

func isReset(w http.ResponseWriter, r *http.Request, body []byte) {
	endsEarly(w, r, body)
	_ = http.NewResponseController(w).Flush()
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

func stalls(w http.ResponseWriter, r *http.Request, body []byte) {
	endsEarly(w, r, body)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done() // the puller has lost its patience
}

func TestAPullOutlivesABadMirror(t *testing.T) {
	for name, spoil := range map[string]sender{
		"wrong bytes": flipped,
		"ends early":  endsEarly,
		"is reset":    isReset,
		"stalls":      stalls,
	} {
		t.Run(name+" once", func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.setMirror(b.neighbour(t, once(spoil)))
			b.registry.Close()
			if _, err := b.pull(t, Request{}); err != nil {
				t.Fatal(err)
			}
			b.wantImage(t)
		})
		t.Run(name+" always, and the registry answers", func(t *testing.T) {
			t.Parallel()
			b := newBed(t)
			b.setMirror(b.neighbour(t, spoil))
			if _, err := b.pull(t, Request{}); err != nil {
				t.Fatal(err)
			}
			b.wantImage(t)
		})
	}
}

func TestWrongBytesLeaveNothingBehind(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		b.setMirror(b.neighbour(t, flipped))
		b.registry.Close()
		_, err := b.pull(t, Request{})
		if err == nil || !strings.Contains(err.Error(), "digest") {
			t.Errorf("the pull of wrong bytes ended with %v", err)
		}
		b.wantNoImage(t)
		b.wantNoPoison(t)

		b.setMirror(b.neighbour(t, whole))
		if _, err := b.pull(t, Request{}); err != nil {
			t.Errorf("the next pull: %v", err)
		}
		b.wantImage(t)
	})
}

func TestACancelledPullEndsAndTheNextGoesOn(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		why := errors.New("the user has had enough")
		b.setMirror(b.neighbour(t, func(w http.ResponseWriter, r *http.Request, body []byte) {
			endsEarly(w, r, body)
			_ = http.NewResponseController(w).Flush()
			if len(body) > layerSize/2 {
				cancel(why)
				<-ctx.Done()
			}
		}))
		b.registry.Close()
		err := b.Pull(ctx, Request{Image: b.image, Platform: "linux/amd64"}, func(Event) {})
		if !errors.Is(err, why) {
			t.Errorf("the cancelled pull ended with %v", err)
		}
		b.wantNoImage(t)

		b.setMirror(b.neighbour(t, whole))
		if _, err := b.pull(t, Request{}); err != nil {
			t.Fatal(err)
		}
		b.wantImage(t)
	})
}

func TestTwoPullsAtATimeFetchOnce(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				if _, err := b.pull(t, Request{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		b.wantImage(t)
		if got, want := b.origin.Load(), int64(1+layers); got != want {
			t.Errorf("the registry was asked for %d blobs, want %d", got, want)
		}
	})
}

func TestAGarbageCollectionInMidPullTakesNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		b.setMirror(func(w http.ResponseWriter, r *http.Request) {
			b.collectGarbage(t)
			http.NotFound(w, r)
		})
		if _, err := b.pull(t, Request{}); err != nil {
			t.Fatal(err)
		}
		b.collectGarbage(t)
		b.wantImage(t)
	})
}
