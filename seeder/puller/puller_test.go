package puller

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

func TestWhatTheMirrorHasNotComesFromTheRegistry(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		events, err := b.pull(t, Request{})
		if err != nil {
			t.Fatal(err)
		}
		b.wantImage(t)
		if got := came(events); got[FromOrigin] != b.size(t) || len(got) != 1 {
			t.Errorf("came from %v, want all %d bytes from the origin", got, b.size(t))
		}
	})
}

func TestTheMirrorIsAskedAsContainerdAsksIt(t *testing.T) {
	b := newBed(t)
	if _, err := b.pull(t, Request{}); err != nil {
		t.Fatal(err)
	}
	registry := strings.TrimPrefix(b.registry.URL, "http://")
	if r := b.asked[0]; r.Method != http.MethodHead || r.URL.Path != "/v2/some/app/manifests/1" {
		t.Errorf("the first request is %s %s", r.Method, r.URL.Path)
	}
	for _, r := range b.asked {
		if r.URL.Query().Get("ns") != registry {
			t.Errorf("%s does not name the registry", r.URL)
		}
	}
}

func TestWithoutTheRegistryANeighbourDoes(t *testing.T) {
	b := newBed(t)
	b.setMirror(b.neighbour(t, whole))
	b.registry.Close()
	events, err := b.pull(t, Request{})
	if err != nil {
		t.Fatal(err)
	}
	b.wantImage(t)
	for _, e := range events {
		if e.Type == Progress && e.Blob.State == Complete && e.Blob.Kind == "layer" {
			if want := []Source{{FromPeer, "b", e.Blob.Size}}; !slices.Equal(e.Blob.Sources, want) {
				t.Errorf("layer %s: sources %v, want %v", e.Blob.Digest, e.Blob.Sources, want)
			}
		}
	}
}

func TestEventsTellTheWholeStory(t *testing.T) {
	b := newBed(t)
	events, err := b.pull(t, Request{})
	if err != nil {
		t.Fatal(err)
	}
	if e := events[0]; e.Type != Resolved || e.Image != b.image || e.Digest.String() != must(b.index.Digest()).String() {
		t.Errorf("the first event is %+v", e)
	}
	states := map[string][]State{}
	for _, e := range events {
		if e.Type == Progress {
			key := e.Blob.Kind + " " + e.Blob.Digest.String()
			if all := states[key]; len(all) == 0 || all[len(all)-1] != e.Blob.State {
				states[key] = append(all, e.Blob.State)
			}
		}
	}
	kinds := map[string]int{}
	for blob, told := range states {
		kind, _, _ := strings.Cut(blob, " ")
		kinds[kind]++
		if !slices.Equal(told, []State{Waiting, Pulling, Complete}) {
			t.Errorf("%s went through %v", blob, told)
		}
	}
	if kinds["index"] != 1 || kinds["manifest"] != 1 || kinds["config"] != 1 || kinds["layer"] != layers || len(kinds) != 4 {
		t.Errorf("told of %v", kinds)
	}
}

func TestAllPlatformsArePulledWhenAskedFor(t *testing.T) {
	b := newBed(t)
	if _, err := b.pull(t, Request{Platform: AllPlatforms}); err != nil {
		t.Fatal(err)
	}
	if held := b.held(t); len(held) != 1+2*(2+layers) {
		t.Errorf("the store has %d blobs", len(held))
	}
}

func TestAPlatformThatTheImageHasNotIsAnError(t *testing.T) {
	b := newBed(t)
	if _, err := b.pull(t, Request{Platform: "linux/s390x"}); err == nil {
		t.Error("the pull succeeded")
	}
	b.wantNoImage(t)
}

func TestWhatIsHereIsNotFetchedAgain(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		if _, err := b.pull(t, Request{}); err != nil {
			t.Fatal(err)
		}
		before := b.origin.Load()
		events, err := b.pull(t, Request{})
		if err != nil {
			t.Fatal(err)
		}
		if b.origin.Load() != before {
			t.Error("the registry was asked for blobs again")
		}
		if got := came(events); got[FromLocal] != b.size(t) || len(got) != 1 {
			t.Errorf("came from %v, want all %d bytes to be local", got, b.size(t))
		}
	})
}

func TestATagThatMovedMovesTheImage(t *testing.T) {
	onEachStore(t, func(t *testing.T, b *bed) {
		if _, err := b.pull(t, Request{}); err != nil {
			t.Fatal(err)
		}
		b.push(t)
		if _, err := b.pull(t, Request{}); err != nil {
			t.Fatal(err)
		}
		img, err := b.store.ImageStore().Get(b.store.WithContext(t.Context()), b.image)
		if err != nil || img.Target.Digest.String() != must(b.index.Digest()).String() {
			t.Errorf("the image is %v, %v", img.Target.Digest, err)
		}
	})
}

func TestNobodyHasIt(t *testing.T) {
	b := newBed(t)
	b.registry.Close()
	_, err := b.pull(t, Request{})
	if err == nil {
		t.Fatal("the pull succeeded")
	}
	b.wantNoImage(t)
}

func TestAnUnknownTagIsNotFound(t *testing.T) {
	b := newBed(t)
	_, err := b.pull(t, Request{Image: strings.Replace(b.image, ":1", ":2", 1)})
	if err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("got %v", err)
	}
}
