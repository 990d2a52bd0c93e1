package storetest

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

func listsIngests(t *testing.T, s Subject) {
	data := Random(10, 1000)
	d := digest.FromBytes(data)
	w := Begin(t, s, d, len(data), data[:400])
	other := Begin(t, s, digest.FromString("other"), 5, []byte("oth"))
	t.Cleanup(func() { _ = other.Close() })
	got := ingests(t, s, d)
	if len(got) != 1 || got[0].Ref != Ref(d) || got[0].Offset != 400 || got[0].Total != 1000 || got[0].UpdatedAt.IsZero() {
		t.Fatalf("got %+v", got)
	}
	_, err := w.Write(data[400:])
	check(t, err)
	if got := ingests(t, s, d); len(got) != 1 || got[0].Offset != 1000 {
		t.Fatalf("got %+v", got)
	}
	check(t, w.Commit(s.WithContext(t.Context()), 1000, d))
	if got := ingests(t, s, d); len(got) != 0 {
		t.Fatalf("after the commit: %+v", got)
	}
}

func readsGrowing(t *testing.T, s Subject) {
	data := Random(11, 1000)
	d := digest.FromBytes(data)
	w := Begin(t, s, d, len(data), data[:400])
	defer func() { _ = w.Close() }()
	b, err := s.OpenIngest(t.Context(), Ref(d))
	if s.Streams {
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("got %v", err)
		}
		return
	}
	check(t, err)
	defer func() { _ = b.Close() }()
	if b.Size != 400 {
		t.Fatalf("size is %d", b.Size)
	}
	got, err := io.ReadAll(b)
	check(t, err)
	_, err = w.Write(data[400:])
	check(t, err)
	check(t, w.Commit(s.WithContext(t.Context()), 1000, d))
	rest, err := io.ReadAll(b)
	check(t, err)
	if !bytes.Equal(append(got, rest...), data) {
		t.Fatalf("%d and %d bytes, not those written", len(got), len(rest))
	}
}

func aborts(t *testing.T, s Subject) {
	data := Random(12, 1000)
	d := digest.FromBytes(data)
	check(t, Begin(t, s, d, len(data), data[:400]).Close())
	if got := ingests(t, s, d); len(got) != 1 {
		t.Fatalf("got %+v", got)
	}
	check(t, s.Abort(t.Context(), Ref(d)))
	if got := ingests(t, s, d); len(got) != 0 {
		t.Fatalf("after the abort: %+v", got)
	}
	if _, err := s.OpenIngest(t.Context(), Ref(d)); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("open after the abort: %v", err)
	}
}

// abortsWhileClosing is what happens when a relay ends with wrong bytes: over
// the socket, Close returns before containerd has closed the files.
func abortsWhileClosing(t *testing.T, s Subject) {
	for i := range uint64(50) {
		data := Random(1000+i, 1000)
		d := digest.FromBytes(data)
		check(t, Begin(t, s, d, len(data), data[:400]).Close())
		check(t, s.Abort(t.Context(), Ref(d)))
		if got := ingests(t, s, d); len(got) != 0 {
			t.Fatalf("after the abort: %+v", got)
		}
	}
}

// curesPoison shows both the illness and the cure: without the abort the
// second write finds the wrong bytes there and cannot succeed.
func curesPoison(t *testing.T, s Subject) {
	data := Random(13, blobSize)
	d := digest.FromBytes(data)
	wrong := bytes.Clone(data)
	wrong[blobSize/2] ^= 1
	Poison(t, s, d, wrong)
	got := ingests(t, s, d)
	if len(got) != 1 || got[0].Offset != blobSize || got[0].Total != blobSize {
		t.Fatalf("got %+v", got)
	}
	if !s.Streams {
		b, err := s.OpenIngest(t.Context(), got[0].Ref)
		check(t, err)
		expectRest(t, b, wrong)
		check(t, b.Close())
	}
	check(t, s.Abort(t.Context(), got[0].Ref))
	Put(t, s, data)
	expectRest(t, open(t, s, d), data)
}

func ingests(t *testing.T, s Subject, d digest.Digest) []store.Ingest {
	t.Helper()
	list, err := s.Ingests(t.Context(), d)
	check(t, err)
	return list
}
