package registry

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// TestConformance runs the pull workflow of the OCI distribution spec's own
// conformance program against both sides, over a real store. The peer side has
// no tags; the mirror is asked for them as well, and for an image that only a
// neighbour has.
func TestConformance(t *testing.T) {
	program := conformanceProgram(t)
	const repository = "conformance/repo1"
	t.Run("peer", func(t *testing.T) {
		b := newBed(t)
		doc, children := image(3)
		manifest := b.put(doc)
		for _, c := range children {
			b.put(c)
		}
		runConformance(t, program, b.listen(b.peer()), "", manifest, digests(children))
	})
	for name, put := range map[string]func(*bed, []byte) digest.Digest{
		"mirror, local":  (*bed).put,
		"mirror, remote": func(b *bed, p []byte) digest.Digest { return b.swarm.add(p) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBed(t)
			doc, children := image(3)
			manifest := put(b, doc)
			for _, c := range children {
				put(b, c)
			}
			b.inventory.images["registry.example/"+repository+":v1"] = store.Image{Digest: manifest}
			m := b.mirror(MirrorConfig{DefaultRegistry: "registry.example", TagPolicy: map[string]string{"*": "prefer"}})
			runConformance(t, program, b.listen(m), "v1", manifest, digests(children))
		})
	}
}

// conformanceProgram is looked for in the folder named by DRAY_TEST_BIN, in the
// repository's .cache/bin and in PATH.
func conformanceProgram(t *testing.T) string {
	for _, dir := range []string{os.Getenv("DRAY_TEST_BIN"), "../../.cache/bin"} {
		path, err := filepath.Abs(filepath.Join(dir, "conformance"))
		if _, missing := os.Stat(path); err == nil && dir != "" && missing == nil {
			return path
		}
	}
	path, err := exec.LookPath("conformance")
	switch {
	case err == nil:
	case os.Getenv("DRAY_TEST_REQUIRE") == "1":
		t.Fatal("the OCI conformance program is missing")
	default:
		t.Skip("OCI CONFORMANCE TESTS SKIPPED: the program \"conformance\" is missing (see make tools)")
	}
	return path
}

func runConformance(t *testing.T, program, addr, tag string, manifest digest.Digest, blobs []digest.Digest) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Dir = t.TempDir() // where it finds no settings and leaves its reports
	cmd.Env = append(os.Environ(),
		"OCI_VERSION=1.1", "OCI_REGISTRY="+addr, "OCI_TLS=disabled", "OCI_REPO1=conformance/repo1",
		"OCI_API_PUSH=false", "OCI_API_BLOBS_DELETE=false", "OCI_API_MANIFESTS_DELETE=false",
		"OCI_API_TAGS_DELETE=false", "OCI_API_TAGS_LIST=false", "OCI_API_REFERRER=false", "OCI_API_BLOBS_DIGEST_HEADER=true",
		"OCI_RO_DATA_TAGS="+tag, "OCI_RO_DATA_MANIFESTS="+manifest.String(), "OCI_RO_DATA_BLOBS="+join(blobs))
	// Its exit status says nothing: it is 0 when there was nothing to do, and
	// after a read-only run the program trips over its own YAML report.
	out, err := cmd.CombinedOutput()
	if !strings.Contains(string(out), "OCI Conformance Result: Pass\n") {
		t.Fatalf("%v\n%s", err, out)
	}
	want := map[string]int{
		"ping":                               1,
		"head/manifest-head-by-digest":       1,
		"head/blob-head":                     len(blobs),
		"pull/manifest-by-digest":            1,
		"pull/blob-get":                      len(blobs),
		"missing-manifest":                   1,
		"invalid-digest-format/manifest-get": 1,
	}
	if tag != "" {
		want["head/manifest-head-by-tag"], want["pull/manifest-by-tag"] = 1, 1
	}
	for test, n := range want { // the program is content when it has nothing to test
		if got := strings.Count(string(out), "/"+test+": Pass\n"); got != n {
			t.Errorf("%s has passed %d times, want %d\n%s", test, got, n, out)
		}
	}
}

func join(ds []digest.Digest) string {
	var all []string
	for _, d := range ds {
		all = append(all, d.String())
	}
	return strings.Join(all, " ")
}
