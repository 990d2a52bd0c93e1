package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// The registry wants a login, which only the tracker has. A job that names it gets
// the image, one that does not is refused, and the reason says so. The password is
// in no log, in no answer, and nowhere in containerd's folder.
func TestAPrivateImageComesWithTheCredentialsOfTheJob(t *testing.T) {
	c, img, ref := newPlacing(t, imagekit.Spec{Seed: 880, Layers: []int64{100_000, 5000}})
	_, other := c.push(imagekit.Spec{Seed: 881, Layers: []int64{1000}})
	c.registry = c.registry.Private()
	c.tracker.Kill()
	c.tracker.start("--pull-secrets-dir=" + writeSecret(t, "team"))
	n := c.addNode(anyNodeDisk)

	c.tracker.want(http.MethodPost, "/jobs", map[string]any{"id": "refused", "images": []string{other}}, nil)
	c.Eventually(placed, "the job without a login is refused", func() bool {
		_, nodes := c.tracker.job("refused")
		one := nodes[n.Host.Name]
		return one.Phase == "failed" && strings.Contains(one.Reason, "authorization failed")
	})
	c.warm(ref, map[string]any{"pull_secret": "team"})
	if err := n.Check(img); err != nil {
		t.Fatal(err)
	}

	d, nodes := c.tracker.job("warm")
	told, err := json.Marshal([]any{d, nodes})
	if err != nil {
		t.Fatal(err)
	}
	wantNoSecret(t, "the answers about the job", told)
	wantNoSecret(t, "the tracker's log", c.tracker.Log())
	wantNoSecret(t, "the seeder's log", n.seeder.Log())
	wantNoSecretIn(t, filepath.Dir(n.Socket))
}

// writeSecret has the login in a folder, as Kubernetes mounts it.
func writeSecret(t *testing.T, name string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	text := fmt.Sprintf(`{"auths":{%q:{"auth":%q}}}`, registryName, encodedLogin())
	if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name, ".dockerconfigjson"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func encodedLogin() string {
	return base64.StdEncoding.EncodeToString([]byte(testbed.PrivateUser + ":" + testbed.PrivatePassword))
}

func wantNoSecret(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, secret := range []string{testbed.PrivatePassword, encodedLogin()} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the secret is in %s", where)
		}
	}
}

func wantNoSecretIn(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return nil // it has gone meanwhile, or has no text
		}
		if text, err := os.ReadFile(path); err == nil {
			files++
			wantNoSecret(t, path, text)
		}
		return nil
	})
	if err != nil || files < 10 {
		t.Errorf("%d files of %s were looked at: %v", files, dir, err)
	}
}
