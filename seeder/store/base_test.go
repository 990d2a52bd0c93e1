package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	eventsapi "github.com/containerd/containerd/api/events"
	"github.com/containerd/containerd/v2/core/events"
	"github.com/containerd/typeurl/v2"
	"github.com/opencontainers/go-digest"
)

func TestTheNewestIngestOfARefIsOpened(t *testing.T) {
	f := Files{Path: t.TempDir(), Namespace: "k8s.io"}
	for dir, ref := range map[string]string{
		"a": "k8s.io/1/layer-x", // left behind
		"b": "k8s.io/12/layer-x",
		"c": "k8s.io/2/layer-x",
		"d": "other/99/layer-x",
		"e": "k8s.io/99/layer-y",
		"f": "k8s.io/99/my/layer-x",
		"g": "",
	} {
		path := filepath.Join(f.Path, "ingest", dir)
		if err := os.MkdirAll(path, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"ref": ref, "data": dir} {
			if err := os.WriteFile(filepath.Join(path, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for ref, want := range map[string]string{"layer-x": "b", "layer-y": "e", "my/layer-x": "f"} {
		b, err := f.OpenIngest(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]byte, b.Size)
		if _, err := b.Read(got); err != nil || string(got) != want {
			t.Errorf("%s: opened %q, %v; want %q", ref, got, err, want)
		}
		_ = b.Close()
	}
	if _, err := f.OpenIngest(t.Context(), "x"); !errors.Is(err, ErrNotFound) {
		t.Errorf("part of a ref: %v", err)
	}
}

func TestAnEventStreamThatEndsIsAnError(t *testing.T) {
	errs := make(chan error)
	close(errs)
	if err := relay(t.Context(), nil, errs, nil); !errors.Is(err, errEventsEnded) {
		t.Fatalf("got %v", err)
	}
}

func TestARelayNobodyReadsEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	in := make(chan *events.Envelope)
	done := make(chan error)
	go func() { done <- relay(ctx, in, nil, make(chan Event)) }()
	in <- &events.Envelope{Topic: "/images/create"}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
}

func FuzzParseRef(f *testing.F) {
	f.Add("k8s.io/1/layer-sha256:00", "k8s.io")
	f.Add("k8s.io//x", "k8s.io")
	f.Add("", "")
	f.Fuzz(func(t *testing.T, s, namespace string) {
		if _, ref, ok := parseRef(s, namespace); ok && len(ref)+len(namespace)+2 >= len(s) {
			t.Errorf("%q has no room for ref %q", s, ref)
		}
	})
}

type message struct {
	url   string
	value []byte
}

func (m message) GetTypeUrl() string { return m.url } //nolint:staticcheck // the name of typeurl.Any
func (m message) GetValue() []byte   { return m.value }

func FuzzParseEvent(f *testing.F) {
	for _, e := range []any{
		&eventsapi.ContentCreate{Digest: digest.FromString("x").String(), Size: 3},
		&eventsapi.ContentDelete{Digest: digest.FromString("x").String()},
		&eventsapi.ContentDelete{Digest: "nonsense"},
		&eventsapi.ImageCreate{Name: "example.com/a:1"},
	} {
		m, err := typeurl.MarshalAny(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add("/content/create", m.GetTypeUrl(), m.GetValue())
		f.Add("/content/delete", m.GetTypeUrl(), m.GetValue())
		f.Add("/images/create", m.GetTypeUrl(), m.GetValue())
	}
	f.Fuzz(func(t *testing.T, topic, url string, value []byte) {
		e, ok := parseEvent(&events.Envelope{Topic: topic, Event: message{url, value}})
		if ok && e.Kind != ImagesChanged && e.Digest.Validate() != nil {
			t.Errorf("event with digest %q", e.Digest)
		}
	})
}
