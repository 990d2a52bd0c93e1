package inventory

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/containerd"
	"github.com/drayproject/dray/seeder/store/embedded"
	"github.com/drayproject/dray/seeder/store/storetest"
	"github.com/drayproject/dray/seeder/store/storetest/containerdtest"
)

var discard = slog.New(slog.DiscardHandler)

// run runs an inventory of src until the end of the test.
func run(t *testing.T, src Source, interval time.Duration) *Inventory {
	t.Helper()
	inv := New(src, Config{WalkInterval: interval}, discard, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- inv.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return inv
}

func newEmbedded(t *testing.T) (*embedded.Store, string) {
	t.Helper()
	root := t.TempDir()
	s, err := embedded.New(t.Context(), root, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, root
}

// file is the blob's on disk.
func file(root string, d digest.Digest) string {
	return filepath.Join(root, "content", "blobs", d.Algorithm().String(), d.Encoded())
}

func awaitReady(t *testing.T, inv *Inventory) {
	t.Helper()
	select {
	case <-inv.Ready():
	case <-time.After(30 * time.Second):
		t.Fatal("never ready")
	}
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	storetest.Eventually(t, what, holds)
}

func TestWhatIsThereAtTheStartIsFound(t *testing.T) {
	s, _ := newEmbedded(t)
	a, b := storetest.Put(t, s, []byte("a")), storetest.Put(t, s, []byte("b"))
	storetest.Tag(t, s, "example.com/x:1", a)
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)
	if !inv.Healthy() || !inv.Has(a) || !inv.Has(b) || inv.Has(sum("c")) {
		t.Errorf("healthy %v, has %v %v %v", inv.Healthy(), inv.Has(a), inv.Has(b), inv.Has(sum("c")))
	}
	if i, ok := inv.Image("example.com/x:1"); !ok || i.Digest != a || i.UpdatedAt.IsZero() {
		t.Errorf("image is %v, %v", i, ok)
	}
	snap := inv.Snapshot()
	r := replica{digests: map[digest.Digest]bool{}, images: map[string]digest.Digest{}}
	r.apply(t, Delta{Add: snap.Digests, Images: snap.Images, Seq: snap.Seq})
	if len(snap.Digests) != 2 || len(snap.Images) != 1 || r.hash() != snap.Hash {
		t.Errorf("snapshot is %+v", snap)
	}
}

func TestEventsAreAppliedAtOnce(t *testing.T) {
	s, _ := newEmbedded(t)
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)
	snap := inv.Snapshot()
	d := storetest.Put(t, s, []byte("new"))
	if err := inv.Wait(t.Context(), snap.Seq); err != nil {
		t.Fatal(err)
	}
	delta, ok := inv.Since(snap.Seq)
	if !ok || !slices.Equal(delta.Add, []digest.Digest{d}) || delta.From != snap.Seq {
		t.Fatalf("the delta is %+v, %v", delta, ok)
	}
	storetest.Delete(t, s, d)
	await(t, "the deletion is known", func() bool { return !inv.Has(d) })
	storetest.Tag(t, s, "example.com/x:1", d)
	await(t, "the image is known", func() bool { _, ok := inv.Image("example.com/x:1"); return ok })
	storetest.Untag(t, s, "example.com/x:1")
	await(t, "the image is gone", func() bool { _, ok := inv.Image("example.com/x:1"); return !ok })
}

func TestAWalkNoticesWhatGarbageCollectionTook(t *testing.T) {
	s, _ := newEmbedded(t)
	kept, loose := storetest.Put(t, s, []byte("kept")), storetest.PutLoose(t, s, []byte("loose"))
	inv := run(t, s, 50*time.Millisecond)
	awaitReady(t, inv)
	if !inv.Has(loose) {
		t.Fatal("not found at first")
	}
	if err := s.GarbageCollect(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, "the collected blob is gone", func() bool { return !inv.Has(loose) })
	if !inv.Has(kept) {
		t.Error("the other is gone, too")
	}
}

func TestAMissWithdrawsUntilTheBlobOpensAgain(t *testing.T) {
	s, root := newEmbedded(t)
	d := storetest.Put(t, s, []byte("there"))
	inv := run(t, s, 50*time.Millisecond)
	awaitReady(t, inv)
	if err := os.Rename(file(root, d), file(root, d)+".away"); err != nil {
		t.Fatal(err)
	}
	seq := inv.Snapshot().Seq
	inv.Withdraw(d)
	inv.Withdraw(sum("never there"))
	if delta, _ := inv.Since(seq); inv.Has(d) || !slices.Equal(delta.Remove, []digest.Digest{d}) {
		t.Fatalf("the delta is %+v", delta)
	}
	awaitWalk(t, s, inv)
	if inv.Has(d) {
		t.Fatal("a walk announced it again, and it cannot be opened")
	}
	if err := os.Rename(file(root, d)+".away", file(root, d)); err != nil {
		t.Fatal(err)
	}
	await(t, "it is announced again", func() bool { return inv.Has(d) })
}

// awaitWalk waits for a whole walk: garbage goes by nothing else.
func awaitWalk(t *testing.T, s *embedded.Store, inv *Inventory) {
	t.Helper()
	d := storetest.PutLoose(t, s, []byte(time.Now().String()))
	await(t, "the blob is known", func() bool { return inv.Has(d) })
	if err := s.GarbageCollect(t.Context()); err != nil {
		t.Fatal(err)
	}
	await(t, "a walk", func() bool { return !inv.Has(d) })
}

func TestRightBytesAreVerified(t *testing.T) {
	s, _ := newEmbedded(t)
	d := storetest.Put(t, s, storetest.Random(1, 1<<20))
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)
	seq := inv.Snapshot().Seq
	inv.Verify(d)
	inv.Verify("nonsense")
	if err := inv.Wait(t.Context(), seq); err != nil {
		t.Fatal(err)
	}
	if delta, ok := inv.Since(seq); !ok || !slices.Equal(delta.Verified, []digest.Digest{d}) || len(delta.Remove) != 0 {
		t.Fatalf("the delta is %+v, %v", delta, ok)
	}
}

func TestAVerifiedMissIsWithdrawn(t *testing.T) {
	s, root := newEmbedded(t)
	d := storetest.Put(t, s, []byte("there"))
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)
	if err := os.Remove(file(root, d)); err != nil {
		t.Fatal(err)
	}
	inv.Verify(d)
	await(t, "it is withdrawn", func() bool { return !inv.Has(d) })
	if inv.Quarantined(d) {
		t.Error("what is not there is not wrong")
	}
}

// spoil flips a bit in the blob's file.
func spoil(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		data[len(data)/2] ^= 1
		if err = os.Chmod(path, 0o600); err == nil {
			err = os.WriteFile(path, data, 0o600)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestWrongBytesAreQuarantinedAsLongAsTheyStay(t *testing.T) {
	s, root := newEmbedded(t)
	d := storetest.Put(t, s, storetest.Random(1, 1<<20))
	inv := run(t, s, 50*time.Millisecond)
	awaitReady(t, inv)
	spoil(t, file(root, d))
	inv.Verify(d)
	await(t, "it is withdrawn", func() bool { return !inv.Has(d) && inv.Quarantined(d) })
	awaitWalk(t, s, inv)
	awaitWalk(t, s, inv)
	if inv.Has(d) || !inv.Quarantined(d) {
		t.Fatal("a walk ended the quarantine")
	}
	spoil(t, file(root, d)) // flips the bit back: other bytes in the same place
	await(t, "it is announced again", func() bool { return inv.Has(d) && !inv.Quarantined(d) })
}

func TestANewCopyEndsTheQuarantine(t *testing.T) {
	s, root := newEmbedded(t)
	data := storetest.Random(1, 1<<20)
	d := storetest.Put(t, s, data)
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)
	spoil(t, file(root, d))
	inv.Verify(d)
	await(t, "it is quarantined", func() bool { return inv.Quarantined(d) })
	storetest.Delete(t, s, d)
	if err := s.GarbageCollect(t.Context()); err != nil {
		t.Fatal(err)
	}
	storetest.Put(t, s, data)
	await(t, "the new copy is announced", func() bool { return inv.Has(d) && !inv.Quarantined(d) })
}

func TestANewNameForTheSameWrongFileIsNoNewCopy(t *testing.T) {
	s, root := newEmbedded(t)
	data := storetest.Random(1, 1<<20)
	d := storetest.Put(t, s, data)
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)
	spoil(t, file(root, d))
	inv.Verify(d)
	await(t, "it is quarantined", func() bool { return inv.Quarantined(d) })
	storetest.Delete(t, s, d) // the file stays until garbage collection …
	storetest.Put(t, s, data) // … and the store takes it for the new blob's
	last := storetest.Put(t, s, []byte("last"))
	await(t, "later events are applied", func() bool { return inv.Has(last) })
	if inv.Has(d) || !inv.Quarantined(d) {
		t.Fatal("wrong bytes are announced")
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	inv := New(nil, Config{}, discard, nil)
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := inv.Wait(ctx, 0); !errors.Is(err, why) {
		t.Fatalf("got %v", err)
	}
}

func TestItFollowsAContainerdThroughARestart(t *testing.T) {
	c := containerdtest.Start(t)
	s, err := containerd.New(containerd.Config{Address: c.Address, ContentPath: c.ContentPath}, discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	await(t, "ready", func() bool { return s.Ready(t.Context()) == nil })
	before := storetest.Put(t, s, []byte("before"))
	inv := run(t, s, time.Hour)
	awaitReady(t, inv)

	c.Kill()
	await(t, "the loss is noticed", func() bool { return !inv.Healthy() })
	if !inv.Has(before) {
		t.Error("the blob is still on disk")
	}
	c.Start()
	await(t, "ready again", func() bool { return s.Ready(t.Context()) == nil })
	meanwhile := storetest.Put(t, s, []byte("meanwhile"))
	await(t, "it has caught up", func() bool { return inv.Healthy() && inv.Has(meanwhile) })
	await(t, "events come again", func() bool {
		return inv.Has(storetest.Put(t, s, []byte(time.Now().String())))
	})
	if !inv.Has(before) {
		t.Error("what was there before is lost")
	}
}

func TestItStartsBeforeContainerd(t *testing.T) {
	c := containerdtest.Start(t)
	c.Stop()
	s, err := containerd.New(containerd.Config{Address: c.Address, ContentPath: c.ContentPath}, discard)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	inv := run(t, s, time.Hour)
	select {
	case <-inv.Ready():
		t.Fatal("ready without containerd")
	case <-time.After(200 * time.Millisecond):
	}
	c.Start()
	awaitReady(t, inv)
}

var _ Source = (*store.Base)(nil)
