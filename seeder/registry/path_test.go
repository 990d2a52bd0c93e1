package registry

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/transfers"
)

var (
	hex256 = strings.Repeat("0a", 32)
	hex512 = strings.Repeat("0a", 64)
)

func TestPathsNameContent(t *testing.T) {
	for path, want := range map[string]target{
		"/v2/redis/manifests/7":                        {repository: "redis", kind: transfers.Manifest, tag: "7"},
		"/v2/library/redis/manifests/7.2-alpine":       {repository: "library/redis", kind: transfers.Manifest, tag: "7.2-alpine"},
		"/v2/a/manifests/_x":                           {repository: "a", kind: transfers.Manifest, tag: "_x"},
		"/v2/a/blobs/sha256:" + hex256:                 {repository: "a", kind: transfers.Blob, digest: digest.Digest("sha256:" + hex256)},
		"/v2/a/blobs/sha512:" + hex512:                 {repository: "a", kind: transfers.Blob, digest: digest.Digest("sha512:" + hex512)},
		"/v2/a/manifests/sha256:" + hex256:             {repository: "a", kind: transfers.Manifest, digest: digest.Digest("sha256:" + hex256)},
		"/v2/a/b/c/d/e/blobs/sha256:" + hex256:         {repository: "a/b/c/d/e", kind: transfers.Blob, digest: digest.Digest("sha256:" + hex256)},
		"/v2/a/blobs/manifests/blobs/sha256:" + hex256: {repository: "a/blobs/manifests", kind: transfers.Blob, digest: digest.Digest("sha256:" + hex256)},
		"/v2/a.b_c__d---e/manifests/v1":                {repository: "a.b_c__d---e", kind: transfers.Manifest, tag: "v1"},
	} {
		if got, err := parsePath(path); err != nil || got != want {
			t.Errorf("%s: got %+v, %v; want %+v", path, got, err, want)
		}
	}
}

func TestOtherPathsAreRefused(t *testing.T) {
	long := strings.Repeat("a", maxName+1)
	for path, want := range map[string]string{
		"":                                              codeUnsupported,
		"/":                                             codeUnsupported,
		"/v1/a/manifests/b":                             codeUnsupported,
		"/v2/manifests/latest":                          codeUnsupported,
		"/v2//manifests/latest":                         codeNameInvalid,
		"/v2/a/tags/list":                               codeUnsupported,
		"/v2/_catalog":                                  codeUnsupported,
		"/v2/a/referrers/sha256:" + hex256:              codeUnsupported,
		"/v2/a/manifests/latest/":                       codeUnsupported,
		"/v2/a/manifests/":                              codeDigestInvalid,
		"/v2/A/manifests/latest":                        codeNameInvalid,
		"/v2/a//b/manifests/latest":                     codeNameInvalid,
		"/v2/../etc/manifests/latest":                   codeNameInvalid,
		"/v2/a/../b/manifests/latest":                   codeNameInvalid,
		"/v2/a_/manifests/latest":                       codeNameInvalid,
		"/v2/a___b/manifests/latest":                    codeNameInvalid,
		"/v2/" + long + "/manifests/latest":             codeNameInvalid,
		"/v2/a/manifests/.hidden":                       codeDigestInvalid,
		"/v2/a/manifests/" + long:                       codeDigestInvalid,
		"/v2/a/manifests/a b":                           codeDigestInvalid,
		"/v2/a/blobs/latest":                            codeDigestInvalid,
		"/v2/a/blobs/sha256:":                           codeDigestInvalid,
		"/v2/a/blobs/sha256:0a":                         codeDigestInvalid,
		"/v2/a/blobs/sha256:../../etc/passwd":           codeNameInvalid,
		"/v2/a/blobs/md5:" + hex256[:32]:                codeDigestInvalid,
		"/v2/a/blobs/SHA256:" + hex256:                  codeDigestInvalid,
		"/v2/a/blobs/sha256:" + strings.ToUpper(hex256): codeDigestInvalid,
	} {
		_, err := parsePath(path)
		if p := asProblem(err); err == nil || p.code != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}

func TestRegistryComesFromTheQuery(t *testing.T) {
	for query, want := range map[string]string{
		"ns=docker.io":                          "docker.io",
		"ns=localhost:5000":                     "localhost:5000",
		"ns=10.0.0.1:5000":                      "10.0.0.1:5000",
		"ns=%5B::1%5D:5000":                     "[::1]:5000",
		"ns=a-b.example":                        "a-b.example",
		"":                                      "",
		"ns=":                                   "",
		"ns=a/b":                                "",
		"ns=user@host":                          "",
		"ns=host:99999999":                      "",
		"ns=-a":                                 "",
		"ns=" + strings.Repeat("a", maxName+1):  "",
		"ns=a%0ab":                              "",
		"ns=docker.io;x=y":                      "",
		"ns=%zz":                                "",
		"ns=docker.io&ns=other.example":         "docker.io",
		"ns=http%3A%2F%2F169.254.169.254%2Fv2%": "",
	} {
		r := &http.Request{URL: &url.URL{RawQuery: query}}
		if got := registryOf(r); got != want {
			t.Errorf("%q: got %q, want %q", query, got, want)
		}
	}
}

func FuzzPath(f *testing.F) {
	f.Add("/v2/library/redis/manifests/7")
	f.Add("/v2/a/blobs/sha256:" + hex256)
	f.Add("/v2/a/blobs/../manifests/x")
	f.Fuzz(func(t *testing.T, path string) {
		got, err := parsePath(path)
		if err != nil {
			return
		}
		reference := got.tag + got.digest.String()
		if back := "/v2/" + got.repository + "/" + string(got.kind) + "s/" + reference; back != path {
			t.Fatalf("%q became %q", path, back)
		}
		if strings.Contains(path, "..") && !strings.Contains(got.tag, "..") {
			t.Fatalf("%q was taken", path)
		}
		if (got.tag == "") == (got.digest == "") || got.digest != "" && got.digest.Validate() != nil {
			t.Fatalf("%q: tag %q, digest %q", path, got.tag, got.digest)
		}
	})
}
