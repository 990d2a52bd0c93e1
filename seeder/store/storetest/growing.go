package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/pkg/namespaces"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// arrives lists what is on its way, with how far it is.
func arrives(t *testing.T, s Subject) {
	if got := s.Arrivals(); len(got) != 0 {
		t.Fatalf("an empty store has %+v", got)
	}
	data := Random(20, blobSize)
	d := digest.FromBytes(data)
	begin(t, s, data, 1000)
	elsewhere, err := s.ContentStore().Writer(namespaces.WithNamespace(t.Context(), "elsewhere"),
		content.WithRef(Ref(digest.FromString("theirs"))))
	check(t, err)
	t.Cleanup(func() { _ = elsewhere.Close() })
	got := s.Arrivals()
	if s.Streams {
		if len(got) != 0 {
			t.Fatalf("files that cannot be read show %+v", got)
		}
		return
	}
	if len(got) != 1 || got[0].Digest != d || got[0].Offset != 1000 || got[0].UpdatedAt.IsZero() {
		t.Fatalf("got %+v", got)
	}
}

// growsUnderReaders has several read what is written piece by piece, to the end.
func growsUnderReaders(t *testing.T, s Subject) {
	data := Random(21, blobSize)
	w := begin(t, s, data, 1000)
	var readers sync.WaitGroup
	for _, from := range []int64{0, 1, 999, 1000, blobSize / 2, blobSize - 1} {
		g := openGrowing(t, s, data)
		if g == nil {
			return
		}
		readers.Go(func() {
			got, err := readGrowing(t.Context(), g, from)
			if err != nil || !bytes.Equal(got, data[from:]) {
				t.Errorf("from %d: %d bytes of %d, or wrong ones: %v", from, len(got), blobSize-from, err)
			}
			if g.Size() != blobSize || g.Offset() != blobSize || !errors.Is(g.Err(), io.EOF) {
				t.Errorf("at the end: size %d, offset %d, %v", g.Size(), g.Offset(), g.Err())
			}
		})
	}
	for rest := data[1000:]; len(rest) > 0; {
		n := min(len(rest), 300_001)
		_, err := w.Write(rest[:n])
		check(t, err)
		rest = rest[n:]
	}
	check(t, w.Commit(s.WithContext(t.Context()), blobSize, digest.FromBytes(data)))
	readers.Wait()
}

// outlivesCommit reads what was committed, and even deleted, under the reader.
func outlivesCommit(t *testing.T, s Subject) {
	data := Random(22, blobSize)
	w := begin(t, s, data, 1000)
	g := openGrowing(t, s, data)
	if g == nil {
		return
	}
	_, err := w.Write(data[1000:])
	check(t, err)
	check(t, w.Commit(s.WithContext(t.Context()), blobSize, digest.FromBytes(data)))
	Eventually(t, "the commit is seen", func() bool { return errors.Is(g.Err(), io.EOF) })
	Delete(t, s, digest.FromBytes(data))
	check(t, s.Collect(t.Context()))
	got, err := readGrowing(t.Context(), g, 0)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	if g, err := s.OpenGrowing(t.Context(), digest.FromBytes(data)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it still grows: %v, %v", g, err)
	}
}

func learnsItsSize(t *testing.T, s Subject) {
	data := Random(23, 1000)
	d := digest.FromBytes(data)
	w := Begin(t, s, d, 0, data[:400])
	g := openGrowing(t, s, data)
	if g == nil {
		return
	}
	if g.Size() != 0 || g.Offset() != 400 {
		t.Fatalf("size %d, offset %d", g.Size(), g.Offset())
	}
	_, err := w.Write(data[400:])
	check(t, err)
	check(t, w.Commit(s.WithContext(t.Context()), 0, d))
	Eventually(t, "the size is known", func() bool { return g.Size() == 1000 })
}

// failsWhenAborted: the bytes may be the reason, so no more of them are given.
func failsWhenAborted(t *testing.T, s Subject) {
	data := Random(24, blobSize)
	d := digest.FromBytes(data)
	w := begin(t, s, data, 1000)
	g := openGrowing(t, s, data)
	if g == nil {
		return
	}
	failed := make(chan error, 1)
	go func() {
		_, err := readGrowing(t.Context(), g, 0)
		failed <- err
	}()
	check(t, w.Close())
	check(t, s.Abort(t.Context(), Ref(d)))
	if err := <-failed; !errors.Is(err, store.ErrAborted) {
		t.Fatalf("the reader's error is %v", err)
	}
	if _, err := g.Wait(t.Context(), 0); !errors.Is(err, store.ErrAborted) {
		t.Errorf("what came before the abort is still given: %v", err)
	}
	if g, err := s.OpenGrowing(t.Context(), d); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it can still be opened: %v, %v", g, err)
	}
	again := begin(t, s, data, 500)
	defer func() { _ = again.Close() }()
	if g := openGrowing(t, s, data); g.Offset() != 500 || g.Err() != nil {
		t.Errorf("begun once more it is at %d, %v", g.Offset(), g.Err())
	}
}

func failsWhenTruncated(t *testing.T, s Subject) {
	data := Random(25, blobSize)
	w := begin(t, s, data, blobSize/2)
	g := openGrowing(t, s, data)
	if g == nil {
		return
	}
	check(t, w.Truncate(0))
	_, err := w.Write(data[:1000])
	check(t, err)
	if got, err := readGrowing(t.Context(), g, blobSize/2); !errors.Is(err, store.ErrTruncated) || len(got) > 0 {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
	fresh := openGrowing(t, s, data)
	if fresh.Offset() != 1000 || fresh.Err() != nil {
		t.Errorf("opened anew it is at %d, %v", fresh.Offset(), fresh.Err())
	}
}

// waitsInVain: containerd was killed, or has nothing to write.
func waitsInVain(t *testing.T, s Subject) {
	data := Random(26, blobSize)
	begin(t, s, data, 1000)
	g := openGrowing(t, s, data)
	if g == nil {
		return
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	enough := errors.New("enough")
	waited := make(chan error, 1)
	go func() {
		_, err := g.Wait(ctx, 1000)
		waited <- err
	}()
	cancel(enough)
	if err := <-waited; !errors.Is(err, enough) {
		t.Fatalf("got %v", err)
	}
	if n, err := g.Wait(t.Context(), 999); err != nil || n != 1000 {
		t.Fatalf("what is there: %d, %v", n, err)
	}
}

func growsNowhere(t *testing.T, s Subject) {
	if g, err := s.OpenGrowing(t.Context(), digest.FromString("nowhere")); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("got %v, %v", g, err)
	}
	if g, err := s.OpenGrowing(t.Context(), "sha256:.."); err == nil {
		t.Errorf("an invalid digest: %v", g)
	}
	d := Put(t, s, []byte("whole"))
	if g, err := s.OpenGrowing(t.Context(), d); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("what is whole grows: %v, %v", g, err)
	}
}

// begin writes the first n bytes of a layer. Its writer is closed at the end.
func begin(t *testing.T, s Subject, data []byte, n int) content.Writer {
	t.Helper()
	w := Begin(t, s, digest.FromBytes(data), len(data), data[:n])
	t.Cleanup(func() { _ = w.Close() })
	return w
}

// openGrowing opens a layer that is being written; nil where that is not
// possible, and was found out to be.
func openGrowing(t *testing.T, s Subject, data []byte) *store.Growing {
	t.Helper()
	g, err := s.OpenGrowing(t.Context(), digest.FromBytes(data))
	if s.Streams {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("files that cannot be read: %v, %v", g, err)
		}
		return nil
	}
	check(t, err)
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// readGrowing reads to the end, waiting for it.
func readGrowing(ctx context.Context, g *store.Growing, from int64) (got []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for at := from; ; {
		there, err := g.Wait(ctx, at)
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		r, err := g.Reader(at, there-at)
		if err != nil {
			return got, err
		}
		p, err := io.ReadAll(r)
		if err != nil {
			return got, err
		}
		got = append(got, p...)
		at += int64(len(p))
	}
}
