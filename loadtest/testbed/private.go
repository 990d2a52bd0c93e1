package testbed

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
)

// The login of a private registry, and what the registry knows of it.
const (
	PrivateUser     = "puller"
	PrivatePassword = "never-to-be-written"

	privateHash = "$2a$04$H44LrVvf3KapG1ul.e8EXuvZa3kWAGmYo5D02wMmeZGce1JX3wj9m" // bcrypt
	privatePort = 5100
)

// Private starts a second registry on the same host, with the same content, that
// gives nothing without a login.
func (r *Registry) Private() *Registry {
	b := r.Host.bed
	b.t.Helper()
	dir := b.Dir(r.Host.Name)
	config, passwords := filepath.Join(dir, "private.yml"), filepath.Join(dir, "htpasswd")
	for path, text := range map[string]string{
		passwords: PrivateUser + ":" + privateHash + "\n",
		config: fmt.Sprintf(`version: 0.1
log: {level: warn}
storage:
  filesystem: {rootdirectory: %q}
http: {addr: ":%d"}
auth: {htpasswd: {realm: test, path: %q}}
`, Cache("registry"), privatePort, passwords),
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.t.Fatalf("testbed: %v", err)
		}
	}
	p := &Registry{Host: r.Host, URL: "http://" + r.Host.At(privatePort)}
	p.Process = r.Host.Start("private-registry", Tool("docker-registry"), "serve", config)
	b.Eventually(startDeadline, "the private registry asks for a login", func() bool {
		return r.Host.says(privatePort, "/v2/", http.StatusUnauthorized)
	})
	return p
}
