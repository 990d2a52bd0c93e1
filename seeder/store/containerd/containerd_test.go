package containerd

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/containerd/containerd/v2/core/images"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/storetest"
	"github.com/drayproject/dray/seeder/store/storetest/containerdtest"
)

func connect(t *testing.T, address, contentPath string) *Store {
	t.Helper()
	s, err := New(Config{Address: address, ContentPath: contentPath}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// collect makes containerd collect garbage now: only a deletion does that.
func collect(s *Store) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx = s.WithContext(ctx)
		image := images.Image{Name: "example.com/collect:1"}
		image.Target.Digest, image.Target.Size, image.Target.MediaType = digest.FromString("collect"), 1, "text/plain"
		if _, err := s.ImageStore().Create(ctx, image); err != nil {
			return err
		}
		return s.ImageStore().Delete(ctx, image.Name, images.SynchronousDelete())
	}
}

func TestConformanceWithReadableFiles(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		c := containerdtest.Start(t)
		s := connect(t, c.Address, c.ContentPath)
		return storetest.Subject{Store: s, Collect: collect(s)}
	})
}

func TestConformanceOverTheSocket(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		c := containerdtest.Start(t)
		s := connect(t, c.Address, filepath.Join(t.TempDir(), "unknown"))
		return storetest.Subject{Store: s, Collect: collect(s), Streams: true}
	})
}

func TestContainerdMayBeDownAtFirst(t *testing.T) {
	c := containerdtest.Start(t)
	c.Stop()
	s := connect(t, c.Address, c.ContentPath)
	if err := s.Ready(t.Context()); err == nil {
		t.Fatal("ready without containerd")
	}
	if _, err := s.Open(t.Context(), digest.FromString("x")); err == nil || errors.Is(err, store.ErrNotFound) {
		t.Fatalf("nobody can know that it is not there: %v", err)
	}
	c.Start()
	storetest.Eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
}

func TestARestartEndsTheSubscriptionAndNothingElse(t *testing.T) {
	c := containerdtest.Start(t)
	s := connect(t, c.Address, c.ContentPath)
	storetest.Eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	d := storetest.Put(t, s, []byte("before"))
	_, errs := s.Subscribe(t.Context())
	c.Kill()
	select {
	case err := <-errs:
		t.Log(err)
	case <-time.After(20 * time.Second):
		t.Fatal("the subscription goes on without containerd")
	}
	b, err := s.Open(t.Context(), d)
	if err != nil {
		t.Fatalf("a file needs no containerd: %v", err)
	}
	_ = b.Close()
	c.Start()
	storetest.Eventually(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	storetest.Put(t, s, []byte("after"))
	if err := s.Walk(t.Context(), func(store.Info) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestAStreamThatBreaksIsAnError(t *testing.T) {
	c := containerdtest.Start(t)
	s := connect(t, c.Address, filepath.Join(t.TempDir(), "unknown"))
	storetest.Eventually(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	d := storetest.Put(t, s, storetest.Random(1, 8<<20))
	b, err := s.Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	c.Kill()
	n, err := io.Copy(io.Discard, b)
	if err == nil {
		t.Fatalf("%d of %d bytes, and no error", n, b.Size)
	}
}
