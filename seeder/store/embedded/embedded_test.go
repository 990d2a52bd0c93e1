package embedded

import (
	"bytes"
	"io"
	"testing"

	"github.com/drayproject/dray/seeder/store/storetest"
)

func openIn(t *testing.T, root string) *Store {
	t.Helper()
	s, err := New(t.Context(), root, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		s := openIn(t, t.TempDir())
		return storetest.Subject{Store: s, Collect: s.GarbageCollect}
	})
}

func TestContentSurvivesARestart(t *testing.T) {
	root := t.TempDir()
	s := openIn(t, root)
	want := storetest.Random(1, 1000)
	d := storetest.Put(t, s, want)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ready(t.Context()); err == nil {
		t.Error("a closed store is ready")
	}
	b, err := openIn(t, root).Open(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if got, err := io.ReadAll(b); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%d bytes, %v", len(got), err)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	root := t.TempDir()
	openIn(t, root)
	if s, err := New(t.Context(), root, ""); err == nil {
		_ = s.Close()
		t.Fatal("opened twice")
	}
}
