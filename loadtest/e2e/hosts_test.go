package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/hosts"
)

// Whatever the hosts.toml files said before, a real containerd asks the mirror
// first and then what it asked before; when the mirror is removed, only that.
func TestContainerdHonoursWhatIsInstalled(t *testing.T) {
	testbed.Require(t)
	t.Parallel()
	c := newSite(t)
	n := &node{cluster: c, Containerd: c.Containerd(c.Host("n1"))}
	asked := new(log)
	n.Host.Serve(fmt.Sprintf("127.0.0.1:%d", testbed.MirrorPort), asked.miss("mirror"))
	n.Host.Serve("127.0.0.1:6001", asked.miss("other"))

	server := fmt.Sprintf("server = %q\n", c.registry.URL)
	other := "\n# not ours\n[host.\"http://127.0.0.1:6001\"]\n"
	for i, before := range []struct {
		what, dir, text string
		registries      []string
		asked           []string
	}{
		{"a server", registryName, server, []string{"_default"}, nil},
		{"another mirror", registryName, server + other, []string{"_default"}, []string{"other"}},
		{"_default", "_default", server + other, []string{"_default"}, []string{"other"}},
		{"_default, and one registry to install", "_default", server + other, []string{registryName}, []string{"other"}},
	} {
		img, ref := c.push(imagekit.Spec{Seed: uint64(600 + i), Layers: []int64{1000}})
		root := filepath.Join(filepath.Dir(n.Socket), "certs.d")
		file := filepath.Join(root, before.dir, "hosts.toml")
		plant(t, file, before.text)
		cfg := hosts.Config{Path: root, Mirror: testbed.MirrorURL, Registries: before.registries}
		if _, err := hosts.Install(cfg); err != nil {
			t.Fatal(err)
		}

		n.pull(ref, img)
		if got, want := asked.take(), append([]string{"mirror"}, before.asked...); !slices.Equal(got, want) {
			t.Errorf("%s: containerd has asked %v and the registry, want %v", before.what, got, want)
		}
		n.Remove(ref)
		asked.take()

		if _, err := hosts.Remove(root); err != nil {
			t.Fatal(err)
		}
		n.pull(ref, img)
		if got := asked.take(); !slices.Equal(got, before.asked) {
			t.Errorf("%s, removed: containerd has asked %v and the registry, want %v", before.what, got, before.asked)
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != before.text {
			t.Errorf("%s: left %q (%v), was %q", before.what, text, err, before.text)
		}
		if err := os.RemoveAll(root); err != nil {
			t.Fatal(err)
		}
	}
}

func plant(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// log holds who was asked, in the order of the first time.
type log struct {
	mu    sync.Mutex
	names []string
}

// miss is a mirror that never has anything.
func (l *log) miss(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !slices.Contains(l.names, name) {
			l.names = append(l.names, name)
		}
		http.NotFound(w, r)
	})
}

// take returns the names and forgets them.
func (l *log) take() (names []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	names, l.names = l.names, nil
	return names
}
