package store

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/opencontainers/go-digest"
)

// ingest makes the folder of an ingest as containerd would.
func ingest(t testing.TB, f Files, dir, ref string, data []byte, age time.Duration) {
	t.Helper()
	path := filepath.Join(f.Path, "ingest", dir)
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"ref": []byte(ref), "data": data, "total": []byte("100\n")} {
		if err := os.WriteFile(filepath.Join(path, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	then := time.Now().Add(-age)
	if err := os.Chtimes(filepath.Join(path, "data"), then, then); err != nil {
		t.Fatal(err)
	}
}

// wait is for what is bound to happen.
func wait(t *testing.T, g *Growing, beyond int64) (int64, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return g.Wait(ctx, beyond)
}

func TestTheFarthestIngestThatLivesIsRead(t *testing.T) {
	b := NewBase(Services{}, Files{Path: t.TempDir(), Namespace: "k8s.io"})
	d, old := digest.FromString("d"), digest.FromString("old")
	for dir, in := range map[string]struct {
		ref  string
		size int
		age  time.Duration
	}{
		"a": {"k8s.io/1/layer-" + d.String(), 90, time.Hour}, // left behind by a crash
		"b": {"k8s.io/2/layer-" + d.String(), 10, time.Second},
		"c": {"k8s.io/3/manifest-app:1@" + d.String(), 20, time.Second},
		"d": {"other/4/layer-" + d.String(), 95, 0},
		"e": {"k8s.io/5/layer-" + old.String(), 5, time.Hour},
		"f": {"k8s.io/6/config-" + old.String(), 6, time.Hour},
		"g": {"k8s.io/7/" + d.String(), 96, 0},
		"h": {"k8s.io/8/layer-sha256:00", 97, 0},
		"i": {"", 98, 0},
	} {
		ingest(t, b.Files, dir, in.ref, make([]byte, in.size), in.age)
	}
	if got := b.Arrivals(); len(got) != 5 {
		t.Errorf("%d ingests name a digest: %+v", len(got), got)
	}
	for d, want := range map[digest.Digest]int64{d: 20, old: 6} {
		g, err := b.OpenGrowing(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if g.Offset() != want || g.Size() != 100 {
			t.Errorf("opened one of %d/%d bytes, want %d/100", g.Offset(), g.Size(), want)
		}
		_ = g.Close()
	}
	if g, err := b.OpenGrowing(t.Context(), digest.FromString("x")); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v, %v", g, err)
	}
}

func TestReadersShareOneWatchAndTheLastOneEndsIt(t *testing.T) {
	b := NewBase(Services{}, Files{Path: t.TempDir(), Namespace: "k8s.io"})
	one, two := digest.FromString("1"), digest.FromString("2")
	ingest(t, b.Files, "a", "k8s.io/1/layer-"+one.String(), []byte("abc"), 0)
	ingest(t, b.Files, "b", "k8s.io/2/layer-"+two.String(), []byte("abc"), 0)
	var open []*Growing
	for _, d := range []digest.Digest{one, one, two} {
		g, err := b.OpenGrowing(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, g)
	}
	if open[0].growth != open[1].growth || len(b.watch.growths) != 2 {
		t.Errorf("%d ingests are watched for two", len(b.watch.growths))
	}
	rounds := b.watch.rounds
	for _, g := range open {
		select {
		case <-rounds.done:
			t.Error("nobody watches for the readers that are left")
		default:
		}
		_ = g.Close()
	}
	select {
	case <-rounds.done:
	default:
		t.Error("the watch goes on without readers")
	}
	if b.watch.rounds != nil || len(b.watch.growths) != 0 {
		t.Error("something is still watched")
	}
}

// TestGrowthIsSeenWithoutTheKernelsHelp is about a machine that has no inotify
// instance left.
func TestGrowthIsSeenWithoutTheKernelsHelp(t *testing.T) {
	f := Files{Path: t.TempDir(), Namespace: "k8s.io"}
	d := digest.FromString("d")
	ingest(t, f, "a", "k8s.io/1/layer-"+d.String(), []byte("abc"), 0)
	b := NewBase(Services{}, f)
	b.watch.notifier = func() (*fsnotify.Watcher, error) { return nil, errors.New("too many") }
	g, err := b.OpenGrowing(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.Close() }()
	file, err := os.OpenFile(filepath.Join(f.Path, "ingest", "a", "data"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = file.WriteString("def")
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	if n, err := wait(t, g, 3); err != nil || n != 6 {
		t.Fatalf("got %d, %v", n, err)
	}
}

func TestARenameIsACommitOnlyIntoTheBlobs(t *testing.T) {
	for name, c := range map[string]struct {
		to   func(Files, digest.Digest) string
		want error
	}{
		"into the blobs": {func(f Files, d digest.Digest) string { return f.blobPath(d) }, io.EOF},
		"elsewhere":      {func(f Files, _ digest.Digest) string { return filepath.Join(f.Path, "elsewhere") }, ErrAborted},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBase(Services{}, Files{Path: t.TempDir(), Namespace: "k8s.io"})
			d := digest.FromString("d")
			ingest(t, b.Files, "a", "k8s.io/1/layer-"+d.String(), []byte("abc"), 0)
			g, err := b.OpenGrowing(t.Context(), d)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = g.Close() }()
			to := c.to(b.Files, d)
			if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o700), os.Rename(filepath.Join(b.Path, "ingest", "a", "data"), to)); err != nil {
				t.Fatal(err)
			}
			if _, err := wait(t, g, 3); !errors.Is(err, c.want) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func FuzzNamedDigest(f *testing.F) {
	d := digest.FromString("x")
	f.Add("layer-" + d.String())
	f.Add("my-layer-" + digest.SHA512.FromString("x").String())
	f.Add(d.String())
	f.Add("-")
	f.Add("")
	f.Fuzz(func(t *testing.T, ref string) {
		d, ok := namedDigest(ref)
		if ok && (d.Validate() != nil || strings.TrimSuffix(ref, d.String()) == ref) {
			t.Errorf("%q is said to name %q", ref, d)
		}
	})
}

// BenchmarkGrowth is the time from a write to the reader who waits for it.
func BenchmarkGrowth(b *testing.B) {
	for name, notifier := range map[string]func() (*fsnotify.Watcher, error){
		"told by the kernel": newWatch().notifier,
		"looking":            func() (*fsnotify.Watcher, error) { return nil, errors.New("none") },
	} {
		b.Run(name, func(b *testing.B) {
			s := NewBase(Services{}, Files{Path: b.TempDir(), Namespace: "k8s.io"})
			s.watch.notifier = notifier
			d := digest.FromString("d")
			ingest(b, s.Files, "a", "k8s.io/1/layer-"+d.String(), nil, 0)
			g, err := s.OpenGrowing(b.Context(), d)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = g.Close() }()
			file, err := os.OpenFile(filepath.Join(s.Path, "ingest", "a", "data"), os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			for at := int64(0); b.Loop(); at++ {
				if _, err := file.WriteString("x"); err != nil {
					b.Fatal(err)
				}
				if _, err := g.Wait(b.Context(), at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
