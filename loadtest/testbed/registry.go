package testbed

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
)

// Registry is a registry on a host of its own.
type Registry struct {
	Host    *Host
	URL     string // as other hosts reach it
	Process *Process
}

const registryPort = 5000

// Registry starts the distribution registry. Its storage is kept in the
// repository's cache, so that an image has to be uploaded only once; beds may
// share it.
func (b *Bed) Registry(h *Host) *Registry {
	b.t.Helper()
	config := filepath.Join(b.Dir(h.Name), "registry.yml")
	storage := Cache("registry")
	err := os.WriteFile(config, fmt.Appendf(nil, `version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: %q}
http: {addr: ":%d"}
`, storage, registryPort), 0o644)
	if err != nil {
		b.t.Fatalf("testbed: %v", err)
	}
	r := &Registry{Host: h, URL: "http://" + h.At(registryPort)}
	r.Process = h.Start("registry", Tool("docker-registry"), "serve", config)
	b.Eventually(startDeadline, "the registry answers", func() bool { return h.answers(registryPort, "/v2/") })
	return r
}

// Push uploads an image under a name such as "app:1", from the registry's own
// host: its link counts nothing of it.
func (r *Registry) Push(name string, img *imagekit.Image) {
	t := r.Host.bed.t
	t.Helper()
	defer r.alone()()
	ref := fmt.Sprintf("127.0.0.1:%d/%s", registryPort, name)
	if err := img.Push(t.Context(), ref, r.Host.Client().Transport); err != nil {
		t.Fatalf("testbed: %v", err)
	}
}

// alone waits until nobody else pushes, in this process or another: the
// registries of several beds share their storage, and know nothing of each
// other's uploads.
func (r *Registry) alone() (done func()) {
	t := r.Host.bed.t
	t.Helper()
	lock, err := os.OpenFile(Cache("registry")+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatalf("testbed: %v", err)
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX); err != nil {
		t.Fatalf("testbed: lock the registry's storage: %v", err)
	}
	return func() { _ = lock.Close() }
}

// answers tells whether a server on this host says 200 to a GET from there.
func (h *Host) answers(port int, path string) bool { return h.says(port, path, http.StatusOK) }

func (h *Host) says(port int, path string, status int) bool {
	req, err := http.NewRequestWithContext(h.bed.t.Context(), http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d%s", port, path), nil)
	if err != nil {
		return false
	}
	quick := *h.client
	quick.Timeout = time.Second
	res, err := quick.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == status
}
