package registry

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/transfers"
)

// The grammar of names and tags is that of distribution-spec v1.1, "Pulling
// manifests". It is what keeps a path from naming anything but content.
var (
	nameGrammar = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	tagGrammar  = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)
	hostGrammar = regexp.MustCompile(`^([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?$`)
)

// maxName bounds repository names and registry hosts. The spec recommends 255
// bytes for both together.
const maxName = 255

// target is the content that a path names.
type target struct {
	repository string
	kind       transfers.Kind
	digest     digest.Digest // empty where there is a tag
	tag        string

	registry string // that containerd would have asked; not from the path
}

// isPing recognises the question whether this is a registry at all.
func isPing(path string) bool { return path == "/v2/" || path == "/v2" }

// parsePath reads /v2/<repository>/{manifests,blobs}/<reference>. It works from
// the end, since a repository may itself have a part called "blobs".
func parsePath(path string) (target, error) {
	rest, ok := strings.CutPrefix(path, "/v2/")
	rest, reference, ok2 := cutLast(rest)
	name, noun, ok3 := cutLast(rest)
	if !ok || !ok2 || !ok3 {
		return target{}, problemf(http.StatusNotFound, codeUnsupported, "no such endpoint")
	}
	if len(name) > maxName || !nameGrammar.MatchString(name) {
		return target{}, problemf(http.StatusBadRequest, codeNameInvalid, "%.300q is not a repository name", name)
	}
	t := target{repository: name}
	switch noun {
	case "manifests":
		t.kind = transfers.Manifest
	case "blobs":
		t.kind = transfers.Blob
	default:
		return target{}, problemf(http.StatusNotFound, codeUnsupported, "no such endpoint")
	}
	return t.at(reference)
}

// at completes the target with a digest or, for manifests, a tag.
func (t target) at(reference string) (target, error) {
	if t.kind == transfers.Manifest && tagGrammar.MatchString(reference) {
		t.tag = reference
		return t, nil
	}
	d, err := digest.Parse(reference)
	if err != nil {
		return target{}, problemf(http.StatusBadRequest, codeDigestInvalid, "%.300q: %v", reference, err)
	}
	t.digest = d
	return t, nil
}

// unknown is the answer for a target that nobody has.
func (t target) unknown(reason string) error {
	code := codeBlobUnknown
	if t.kind == transfers.Manifest {
		code = codeManifestUnknown
	}
	return problemf(http.StatusNotFound, code, "%s", reason)
}

// registryOf is the registry that containerd would have asked without a
// mirror, from the query parameter ns; empty when that is missing or malformed.
func registryOf(r *http.Request) string {
	ns := r.URL.Query().Get("ns")
	if len(ns) > maxName || !hostGrammar.MatchString(ns) {
		return ""
	}
	return ns
}

func cutLast(s string) (before, after string, found bool) {
	i := strings.LastIndexByte(s, '/')
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+1:], true
}
