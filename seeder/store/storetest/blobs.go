package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

const blobSize = 3<<20 + 17 // several messages and several reads

func opensWhole(t *testing.T, s Subject) {
	want := Random(1, blobSize)
	b := open(t, s, Put(t, s, want))
	if b.Size != blobSize {
		t.Errorf("size is %d", b.Size)
	}
	expectRest(t, b, want)
	if _, isFile := b.ReadSeekCloser.(*os.File); isFile == s.Streams {
		t.Errorf("got a %T", b.ReadSeekCloser)
	}
}

func opensEmpty(t *testing.T, s Subject) {
	b := open(t, s, Put(t, s, nil))
	if b.Size != 0 {
		t.Errorf("size is %d", b.Size)
	}
	expectRest(t, b, nil)
}

func seeks(t *testing.T, s Subject) {
	want := Random(2, blobSize)
	b := open(t, s, Put(t, s, want))
	for _, c := range []struct {
		offset int64
		whence int
		at     int64
	}{
		{0, io.SeekEnd, blobSize},
		{0, io.SeekStart, 0},
		{1 << 20, io.SeekStart, 1 << 20},
		{100, io.SeekCurrent, 1<<20 + 200},
		{-10, io.SeekEnd, blobSize - 10},
	} {
		at, err := b.Seek(c.offset, c.whence)
		if err != nil || at != c.at {
			t.Fatalf("seek %d from %d: at %d, %v; want %d", c.offset, c.whence, at, err, c.at)
		}
		got := make([]byte, min(100, blobSize-at))
		if _, err := io.ReadFull(b, got); err != nil || !bytes.Equal(got, want[at:at+int64(len(got))]) {
			t.Fatalf("wrong bytes at %d, %v", at, err)
		}
	}
	if _, err := b.Seek(-1, io.SeekStart); err == nil {
		t.Error("seek before the beginning succeeded")
	}
}

func missing(t *testing.T, s Subject) {
	d := digest.FromString("nowhere")
	if _, err := s.Open(t.Context(), d); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	Put(t, s, []byte("something else")) // and still when files are known to be readable
	open(t, s, digest.FromString("something else"))
	if _, err := s.Open(t.Context(), d); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open: %v", err)
	}
	if _, err := s.OpenIngest(t.Context(), Ref(d)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("open ingest: %v", err)
	}
	if err := s.Abort(t.Context(), Ref(d)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("abort: %v", err)
	}
	if list, err := s.Ingests(t.Context(), d); err != nil || len(list) != 0 {
		t.Errorf("ingests: %v, %v", list, err)
	}
}

func invalidDigest(t *testing.T, s Subject) {
	for _, d := range []digest.Digest{
		"", "sha256", "sha256:", "sha256:../../../../etc/passwd", "../sha256:00",
		"md5:d41d8cd98f00b204e9800998ecf8427e", digest.Digest("sha256:" + strings.Repeat("g", 64)),
	} {
		if b, err := s.Open(t.Context(), d); err == nil {
			t.Errorf("open %q: %v", d, b)
		}
		if list, err := s.Ingests(t.Context(), d); err == nil {
			t.Errorf("ingests of %q: %v", d, list)
		}
	}
}

func outlivesDeletion(t *testing.T, s Subject) {
	want := Random(3, blobSize)
	d := Put(t, s, want)
	b := open(t, s, d)
	Delete(t, s, d)
	check(t, s.Collect(t.Context()))
	if b, err := s.Open(t.Context(), d); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a collected blob opens: %v, %v", b, err)
	}
	expectRest(t, b, want)
}

func walks(t *testing.T, s Subject) {
	want := map[digest.Digest]int64{}
	for i := range 120 { // more than containerd puts into one message
		data := fmt.Appendf(nil, "blob %d", i)
		want[Put(t, s, data)] = int64(len(data))
	}
	got := map[digest.Digest]int64{}
	check(t, s.Walk(t.Context(), func(i store.Info) error {
		if _, twice := got[i.Digest]; twice {
			t.Errorf("%s came twice", i.Digest)
		}
		got[i.Digest] = i.Size
		return nil
	}))
	if len(got) != len(want) {
		t.Fatalf("%d blobs, want %d", len(got), len(want))
	}
	for d, size := range want {
		if got[d] != size {
			t.Errorf("%s has size %d, want %d", d, got[d], size)
		}
	}
}

func walkEnds(t *testing.T, s Subject) {
	Put(t, s, []byte("1"))
	Put(t, s, []byte("2"))
	enough := errors.New("enough")
	calls := 0
	err := s.Walk(t.Context(), func(store.Info) error { calls++; return enough })
	if !errors.Is(err, enough) || calls != 1 {
		t.Fatalf("%v after %d calls", err, calls)
	}
}

func cancelsWalk(t *testing.T, s Subject) {
	Put(t, s, []byte("1"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Walk(ctx, func(store.Info) error { return nil }); err == nil {
		t.Fatal("the walk succeeded")
	}
}

// concurrent is for the race detector.
func concurrent(t *testing.T, s Subject) {
	d := Put(t, s, Random(4, 1<<16))
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			data := Random(uint64(100+i), 1<<16)
			mine := digest.FromBytes(data)
			err := content.WriteBlob(s.WithContext(t.Context()), s.ContentStore(), Ref(mine),
				bytes.NewReader(data), descriptor(mine, len(data)))
			b, openErr := s.Open(t.Context(), d)
			if openErr == nil {
				_, openErr = io.Copy(io.Discard, b)
				_ = b.Close()
			}
			walkErr := s.Walk(t.Context(), func(store.Info) error { return nil })
			_, listErr := s.Ingests(t.Context(), mine)
			_, imagesErr := s.Images(t.Context())
			if err := errors.Join(err, openErr, walkErr, listErr, imagesErr); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func open(t *testing.T, s Subject, d digest.Digest) store.Blob {
	t.Helper()
	b, err := s.Open(t.Context(), d)
	check(t, err)
	t.Cleanup(func() { _ = b.Close() })
	return b
}

func expectRest(t *testing.T, r io.Reader, want []byte) {
	t.Helper()
	got, err := io.ReadAll(r)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, not the %d expected", len(got), len(want))
	}
}
