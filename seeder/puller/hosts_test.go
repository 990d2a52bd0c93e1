package puller

import (
	"net/url"
	"testing"

	"github.com/containerd/containerd/v2/core/remotes/docker"
)

func where(h docker.RegistryHost) string {
	return (&url.URL{Scheme: h.Scheme, Host: h.Host, Path: h.Path}).String()
}

func TestTheMirrorIsAskedFirstAndTheRegistryNext(t *testing.T) {
	h := &hosts{mirror: "127.0.0.1:5001", upstreams: map[string]string{"odd.example": "http://10.0.0.1:80/sub"}}
	for name, registry := range map[string]string{
		"registry.example": "https://registry.example/v2",
		"docker.io":        "https://registry-1.docker.io/v2",
		"127.0.0.1:5000":   "http://127.0.0.1:5000/v2",
		"localhost:5000":   "http://localhost:5000/v2",
		"odd.example":      "http://10.0.0.1:80/sub/v2",
	} {
		got, err := h.mirrored(name)
		if err != nil || len(got) != 2 {
			t.Fatalf("%s: %v, %v", name, got, err)
		}
		if where(got[0]) != "http://127.0.0.1:5001/v2" || where(got[1]) != registry {
			t.Errorf("%s: asks %s, then %s, want %s", name, where(got[0]), where(got[1]), registry)
		}
	}
}

func TestPlainHTTPIsForTheRegistryOnlyWhenAskedFor(t *testing.T) {
	got, err := (&hosts{plainHTTP: true}).direct("registry.example:5000")
	if err != nil || len(got) != 1 || where(got[0]) != "http://registry.example:5000/v2" {
		t.Errorf("got %v, %v", got, err)
	}
}
