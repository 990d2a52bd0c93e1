package puller

import (
	"strings"
	"testing"
)

func TestNamesAreWrittenOutInFull(t *testing.T) {
	sha := "sha256:" + strings.Repeat("a", 64)
	for image, want := range map[string]string{
		"redis":                         "docker.io/library/redis:latest",
		"redis:7":                       "docker.io/library/redis:7",
		"me/app:1":                      "docker.io/me/app:1",
		"registry.example/a/b/c:1":      "registry.example/a/b/c:1",
		"localhost:5000/app":            "localhost:5000/app:latest",
		"[::1]:5000/app:1":              "[::1]:5000/app:1",
		"redis@" + sha:                  "docker.io/library/redis@" + sha,
		"registry.example/app:1@" + sha: "registry.example/app@" + sha,
	} {
		got, err := Request{Image: image}.name()
		if err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", image, got, err, want)
		}
	}
}

func TestWrongRequestsAreRefused(t *testing.T) {
	for _, r := range []Request{
		{},
		{Image: "UPPER"},
		{Image: "app:" + strings.Repeat("x", 200)},
		{Image: "http://registry.example/app"},
		{Image: "app@sha256:12"},
		{Image: "../../etc/passwd"},
		{Image: "app", Platform: "linux/amd64/v1/more"},
		{Image: "app", Platform: "linux/\x00"},
	} {
		if r.Validate() == nil {
			t.Errorf("%+v was taken", r)
		}
	}
}

func FuzzRequest(f *testing.F) {
	f.Add("redis:7", "linux/amd64")
	f.Add("[::1]:5000/app@sha256:"+strings.Repeat("0", 64), "all")
	f.Fuzz(func(t *testing.T, image, platform string) {
		r := Request{Image: image, Platform: platform}
		if r.Validate() != nil {
			return
		}
		name, err := r.name()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Request{Image: name}.name()
		if err != nil || again != name {
			t.Errorf("%q became %q, and that %q (%v)", image, name, again, err)
		}
	})
}
