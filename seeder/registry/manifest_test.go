package registry

import (
	"errors"
	"strings"
	"testing"
)

func TestManifests(t *testing.T) {
	d := `{"digest":"sha256:` + hex256 + `"}`
	const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
	for name, c := range map[string]struct {
		doc       string
		mediaType string // empty: no manifest
		children  int
	}{
		"image":                    {`{"mediaType":"` + typeManifest + `","config":` + d + `,"layers":[` + d + `,` + d + `]}`, typeManifest, 3},
		"image without its type":   {`{"config":` + d + `,"layers":[` + d + `]}`, typeManifest, 2},
		"image without layers":     {`{"config":` + d + `,"layers":[]}`, typeManifest, 1},
		"Docker image":             {`{"mediaType":"` + dockerManifest + `","config":` + d + `,"layers":[` + d + `]}`, dockerManifest, 2},
		"index":                    {`{"mediaType":"` + typeIndex + `","manifests":[` + d + `]}`, typeIndex, 1},
		"index without its type":   {`{"manifests":[` + d + `]}`, typeIndex, 1},
		"empty index":              {`{"manifests":[]}`, typeIndex, 0},
		"type that is no type":     {`{"mediaType":"a\r\nX-Evil: b/c","manifests":[]}`, typeIndex, 0},
		"child that is no digest":  {`{"manifests":[{"digest":"sha256:../x"},` + d + `]}`, typeIndex, 1},
		"white space around it":    {" \n" + `{"manifests":[]}` + "\n", typeIndex, 0},
		"the config of an image":   {`{"architecture":"amd64","config":{"Env":[]},"rootfs":{"type":"layers"}}`, "", 0},
		"another document":         {`{"mediaType":"` + typeManifest + `"}`, "", 0},
		"a list":                   {`[]`, "", 0},
		"null":                     {`null`, "", 0},
		"nothing":                  {``, "", 0},
		"two documents":            {`{"manifests":[]}{}`, "", 0},
		"cut off":                  {`{"manifests":[`, "", 0},
		"layers of another type":   {`{"config":` + d + `,"layers":"x"}`, "", 0},
		"a gzip header":            {"\x1f\x8b\x08\x00", "", 0},
		"too large":                {`{"manifests":[]` + strings.Repeat(" ", maxManifest) + `}`, "", 0},
		"as large as one may be":   {`{"manifests":[]` + strings.Repeat(" ", maxManifest-16) + `}`, typeIndex, 0},
		"nested beyond all reason": {strings.Repeat(`{"manifests":[`, 20_000), "", 0},
	} {
		m, err := parseManifest([]byte(c.doc))
		if (err != nil) != (c.mediaType == "") || err != nil && !errors.Is(err, errNoManifest) {
			t.Errorf("%s: got %v", name, err)
		}
		if m.mediaType != c.mediaType || len(m.children) != c.children {
			t.Errorf("%s: got %q and %d children", name, m.mediaType, len(m.children))
		}
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"mediaType":"a/b","config":{"digest":"sha256:` + hex256 + `"},"layers":[]}`))
	f.Add([]byte(`{"manifests":[{"digest":"sha256:` + hex256 + `"}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseManifest(b)
		if err != nil {
			return
		}
		if !typeGrammar.MatchString(m.mediaType) {
			t.Fatalf("media type %q", m.mediaType)
		}
		for _, c := range m.children {
			if c.Digest.Validate() != nil {
				t.Fatalf("child %q", c.Digest)
			}
		}
	})
}
