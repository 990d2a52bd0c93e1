package imagekit

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestAStoreWithAWrongByteDoesNotVerify(t *testing.T) {
	good, bad := digest.FromString("good"), digest.FromString("bad")
	for _, c := range []struct {
		name  string
		files map[digest.Digest]string
		want  string // in the error
	}{
		{"all there", map[digest.Digest]string{good: "good"}, ""},
		{"one missing", map[digest.Digest]string{bad: "bad"}, "bytes, not"},
		{"one wrong", map[digest.Digest]string{good: "gooe"}, "has the bytes of"},
		{"one beside it wrong", map[digest.Digest]string{good: "good", bad: "good"}, "has the bytes of"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for d, body := range c.files {
				if err := os.WriteFile(filepath.Join(dir, d.Encoded()), []byte(body), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := Verify(dir, []Part{{Kind: "layer", Digest: good, Size: 4}})
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
