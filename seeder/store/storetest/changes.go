package storetest

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/containerd/errdefs"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

func listsImages(t *testing.T, s Subject) {
	one, two := Put(t, s, []byte("one")), Put(t, s, []byte("two"))
	Tag(t, s, "example.com/a:1", one)
	Tag(t, s, "example.com/b:1", one)
	Tag(t, s, "example.com/b:1", two) // moved
	Tag(t, s, "example.com/c:1", two)
	Untag(t, s, "example.com/c:1")
	list, err := s.Images(t.Context())
	check(t, err)
	got := map[string]digest.Digest{}
	for _, i := range list {
		got[i.Name] = i.Digest
		if time.Since(i.UpdatedAt).Abs() > time.Hour {
			t.Errorf("%s was updated at %s", i.Name, i.UpdatedAt)
		}
	}
	if len(list) != 2 || got["example.com/a:1"] != one || got["example.com/b:1"] != two {
		t.Fatalf("got %v", list)
	}
}

func storesImages(t *testing.T, s Subject) {
	ctx, db := s.WithContext(t.Context()), s.ImageStore()
	want := images.Image{
		Name:   "example.com/a:1",
		Labels: map[string]string{"io.cri-containerd.image": "managed"},
		Target: descriptor(digest.FromString("a"), 17),
	}
	want.Target.Annotations = map[string]string{"org.opencontainers.image.ref.name": "1"}
	made, err := db.Create(ctx, want)
	check(t, err)
	if made.CreatedAt.IsZero() || made.Target.Digest != want.Target.Digest {
		t.Errorf("made %+v", made)
	}
	if _, err := db.Create(ctx, want); !errdefs.IsAlreadyExists(err) {
		t.Errorf("created twice: %v", err)
	}
	changed := images.Image{Name: want.Name, Labels: map[string]string{"more": "1"}}
	_, err = db.Update(ctx, changed, "labels.more")
	check(t, err)
	want.Labels["more"] = "1"
	got, err := db.Get(ctx, want.Name)
	check(t, err)
	got.CreatedAt, got.UpdatedAt = time.Time{}, time.Time{}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	other := descriptor(digest.FromString("b"), 17)
	if err := db.Delete(ctx, want.Name, images.DeleteTarget(&other)); !errdefs.IsNotFound(err) {
		t.Errorf("deleted with another target: %v", err)
	}
	check(t, db.Delete(ctx, want.Name))
	if _, err := db.Get(ctx, want.Name); !errdefs.IsNotFound(err) {
		t.Errorf("got after the deletion: %v", err)
	}
	if _, err := db.Update(ctx, want); !errdefs.IsNotFound(err) {
		t.Errorf("updated after the deletion: %v", err)
	}
}

func tellsEvents(t *testing.T, s Subject) {
	next := subscribe(t, s)
	d := Put(t, s, []byte("new"))
	next(store.Event{Kind: store.BlobCreated, Digest: d})
	Tag(t, s, "example.com/a:1", d)
	next(store.Event{Kind: store.ImagesChanged})
	Tag(t, s, "example.com/a:1", Put(t, s, []byte("newer")))
	next(store.Event{Kind: store.BlobCreated, Digest: digest.FromString("newer")})
	next(store.Event{Kind: store.ImagesChanged})
	Untag(t, s, "example.com/a:1")
	next(store.Event{Kind: store.ImagesChanged})
	Delete(t, s, d)
	next(store.Event{Kind: store.BlobDeleted, Digest: d})
}

func namespaced(t *testing.T, s Subject) {
	next := subscribe(t, s)
	other := namespaces.WithNamespace(t.Context(), "elsewhere")
	put(other, t, s, []byte("theirs"), nil)
	mine := Put(t, s, []byte("mine"))
	next(store.Event{Kind: store.BlobCreated, Digest: mine})
	if got := walked(t, s); !slices.Equal(got, []digest.Digest{mine}) {
		t.Fatalf("the walk shows %v", got)
	}
}

func collectsSilently(t *testing.T, s Subject) {
	kept, loose := Put(t, s, []byte("kept")), PutLoose(t, s, []byte("loose"))
	next := subscribe(t, s)
	check(t, s.Collect(t.Context()))
	if got := walked(t, s); !slices.Equal(got, []digest.Digest{kept}) {
		t.Fatalf("the walk shows %v, want %v and not %v", got, kept, loose)
	}
	after := Put(t, s, []byte("after"))
	next(store.Event{Kind: store.BlobCreated, Digest: after})
}

func leases(t *testing.T, s Subject) {
	ctx, release, err := s.Lease(t.Context())
	check(t, err)
	d := put(ctx, t, s, []byte("leased"), nil)
	check(t, s.Collect(t.Context()))
	if got := walked(t, s); !slices.Equal(got, []digest.Digest{d}) {
		t.Fatalf("under the lease: %v", got)
	}
	release()
	check(t, s.Collect(t.Context()))
	if got := walked(t, s); len(got) != 0 {
		t.Fatalf("after the lease: %v", got)
	}
}

func cancelsSubscription(t *testing.T, s Subject) {
	ctx, cancel := context.WithCancel(t.Context())
	events, errs := s.Subscribe(ctx)
	cancel()
	deadline := time.After(patience)
	for n := 0; errs != nil; {
		select {
		case err, open := <-errs:
			switch {
			case !open && n != 1:
				t.Fatalf("%d errors", n)
			case !open:
				errs = nil
			case !errors.Is(err, context.Canceled):
				t.Fatalf("the error is %v", err)
			}
			n++
		case <-deadline:
			t.Fatal("no error, or not closed")
		}
	}
	select {
	case _, open := <-events:
		if open {
			t.Fatal("an event out of nothing")
		}
	case <-deadline:
		t.Fatal("events are not closed")
	}
}

// subscribe returns a function that expects the next event. It returns once
// events arrive: a subscription takes a moment to reach containerd.
func subscribe(t *testing.T, s Subject) (next func(store.Event)) {
	t.Helper()
	events, errs := s.Subscribe(t.Context())
	first := func() bool {
		Tag(t, s, "example.com/probe:1", digest.FromString("probe"))
		Untag(t, s, "example.com/probe:1")
		select {
		case <-events:
			return true
		case <-time.After(50 * time.Millisecond):
			return false
		}
	}
	Eventually(t, "events arrive", first)
	drained := false
	return func(want store.Event) {
		t.Helper()
		for {
			select {
			case got := <-events:
				// The probe's own events end with the first one of a blob.
				if !drained && got.Kind == store.ImagesChanged {
					continue
				}
				drained = true
				if got != want {
					t.Fatalf("got event %v, want %v", got, want)
				}
				return
			case err := <-errs:
				t.Fatal(err)
			case <-time.After(patience):
				t.Fatalf("event %v never came", want)
			}
		}
	}
}

func walked(t *testing.T, s Subject) (all []digest.Digest) {
	t.Helper()
	check(t, s.Walk(t.Context(), func(i store.Info) error {
		all = append(all, i.Digest)
		return nil
	}))
	return all
}
