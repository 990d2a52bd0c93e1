package registry

import (
	"net/http"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"
)

func (b *bed) expected() []digest.Digest {
	b.arriving.mu.Lock()
	defer b.arriving.mu.Unlock()
	return slices.Clone(b.arriving.expected)
}

func TestWhatTheOriginIsAskedForIsExpected(t *testing.T) {
	for _, kind := range []string{"blobs", "manifests"} {
		b := newBed(t)
		m := b.mirror(MirrorConfig{})
		d := digest.FromString("nobody has it")
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			if res := ask(m, method, "/v2/app/"+kind+"/"+d.String()); res.StatusCode != http.StatusNotFound {
				t.Fatalf("%s of %s: status %d", method, kind, res.StatusCode)
			}
		}
		if got := b.expected(); !slices.Equal(got, []digest.Digest{d}) {
			t.Errorf("%s: expected %v; want it once, for the GET", kind, got)
		}
		for i, r := range slices.Concat(b.swarm.asked, b.swarm.manifests) {
			if r.Look != (i == 0) {
				t.Errorf("%s: request %d: look is %v", kind, i, r.Look)
			}
		}
	}
}
