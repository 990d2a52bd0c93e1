package yield

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	wantMemory = 10 * time.Second // background work looks every some milliseconds
	maxWants   = 4096
)

// wants remembers for a moment what was asked for by somebody who waits: digests,
// and names of images. Whatever background work gets the same is background work no
// more. A containerd that pulls an image waits for the one who is writing a layer
// already, and asks for it no more; and a neighbour may be reading what has come.
type wants struct {
	mu sync.Mutex
	at map[string]time.Time // by key, as of keyOf
}

func (w *wants) note(keys ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, key := range keys {
		if len(w.at) >= maxWants {
			w.tidy(now)
		}
		if key != "" && len(w.at) < maxWants {
			w.at[key] = now
		}
	}
}

// tidy is called with mu held.
func (w *wants) tidy(now time.Time) {
	for key, at := range w.at {
		if now.Sub(at) >= wantMemory {
			delete(w.at, key)
		}
	}
}

func (w *wants) lately(keys ...string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, key := range keys {
		if at, there := w.at[key]; there && time.Since(at) < wantMemory {
			return true
		}
	}
	return false
}

// Want says that somebody waits for these digests, or images by their full names.
func (r *Road) Want(keys ...string) { r.wants.note(keys...) }

// Wanted tells whether somebody has asked for one of these in the last seconds.
func (r *Road) Wanted(keys ...string) bool { return r.wants.lately(keys...) }

// keyOf is the digest that a request is for, or the full name of the image; empty
// for anything else.
func keyOf(r *http.Request) string {
	path, ok := strings.CutPrefix(r.URL.Path, "/v2/")
	if !ok {
		return ""
	}
	for _, kind := range []string{"/blobs/", "/manifests/"} {
		at := strings.LastIndex(path, kind)
		if at < 0 {
			continue
		}
		repository, reference := path[:at], path[at+len(kind):]
		if strings.Contains(reference, ":") {
			return reference
		}
		if registry := r.URL.Query().Get("ns"); registry != "" {
			return registry + "/" + repository + ":" + reference
		}
	}
	return ""
}
