// Package web is the tracker's dashboard: a page that shows what the admin API
// tells. It is plain HTML, CSS and ES modules, served as they lie here in
// static/; there is no build step, and the page asks no other host for anything.
//
// The files hold no data. What the page shows it asks the admin API for, with
// the viewer's token where there is one. Node names, labels and image names are
// outside input: the page sets them as text, and [policy] makes browsers refuse
// everything else.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"net/http"
	"path"
	"time"
)

// Pages are the patterns, as of a [http.ServeMux], that [New] answers.
var Pages = []string{"GET /{$}", "GET " + under + "{file...}"}

const (
	under = "/ui/"
	first = "index.html"
)

// policy keeps the page to its own files and its own tracker. Text can't become
// HTML or script, even by a mistake in ours.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
	"object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// kinds are the files' types, whatever this machine takes them for: browsers
// insist.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

//go:embed static
var static embed.FS

// file is one of the page's, with what tells this version of it from others.
type file struct {
	body []byte
	kind string
	tag  string
}

// Site serves the dashboard's files.
type Site struct{ files map[string]file }

// New reads the files that are built into the program.
func New() *Site {
	s := &Site{map[string]file{}}
	root, _ := fs.Sub(static, "static") // fails for names that are no paths
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(root, name)
		s.files[name] = newFile(name, body)
		return err
	})
	if err != nil {
		panic(err) // it is in the program, or it has not been built
	}
	return s
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	return file{body, kinds[path.Ext(name)], `"` + hex.EncodeToString(sum[:8]) + `"`}
}

// ServeHTTP answers with a file, and with the page itself where none is named.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	if r.URL.Path == "/" {
		name = first
	}
	f, found := s.files[name]
	if !found {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-cache") // ask again: after an upgrade all files have to be of one version
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.body))
}
