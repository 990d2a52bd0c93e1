package admin

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

const (
	exchangeTime = 10 * time.Second // for a request to arrive, and again for its answer to leave
	maxBody      = 64 << 10         // no policy or job needs more
)

// Handler answers on the admin listener.
func (a *Admin) Handler() http.Handler {
	var h http.Handler = http.HandlerFunc(a.route)
	for _, wrap := range []func(http.Handler) http.Handler{tagged, bounded, a.sameOrigin, inTime, a.survive} {
		h = wrap(h)
	}
	return h
}

// route finds who answers, and whether the asker may know.
func (a *Admin) route(w http.ResponseWriter, r *http.Request) {
	if _, found := a.open.Handler(r); found != "" {
		a.open.ServeHTTP(w, r)
		return
	}
	if !a.knows(r) {
		a.log.Debug("request refused: no token, or a wrong one", "path", r.URL.Path, "from", r.RemoteAddr)
		w.Header().Set("WWW-Authenticate", "Bearer")
		refusal(w, http.StatusUnauthorized, "this needs the admin token, as Authorization: Bearer …")
		return
	}
	if h, found := a.closed.Handler(r); found == "" {
		nowhere(w, r, h)
		return
	}
	a.closed.ServeHTTP(w, r)
}

// knows says whether the request has the token, if there is one. Hashes are
// compared, so that the time tells nothing, not even the length.
func (a *Admin) knows(r *http.Request) bool {
	if a.Token == "" {
		return true
	}
	given, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	hash, want := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(a.Token))
	return subtle.ConstantTimeCompare(hash[:], want[:]) == 1 && found
}

// nowhere is for paths and methods that are not there; h is what the mux would
// say, in another form.
func nowhere(w http.ResponseWriter, r *http.Request, h http.Handler) {
	said := silent{ResponseWriter: w, status: http.StatusOK}
	h.ServeHTTP(&said, r)
	w.Header().Del("Location") // of a path that is not clean
	if said.status != http.StatusMethodNotAllowed {
		refusal(w, http.StatusNotFound, fmt.Sprintf("there is no %.128q here", r.URL.Path))
		return
	}
	refusal(w, said.status, fmt.Sprintf("%.16q is not what %.128q is for", r.Method, r.URL.Path))
}

// silent takes an answer's status and headers, but does not send it.
type silent struct {
	http.ResponseWriter
	status int
}

func (s *silent) WriteHeader(status int)      { s.status = status }
func (s *silent) Write(p []byte) (int, error) { return len(p), nil }

// inTime bounds what a client that sends or reads too slowly can hold. Both
// deadlines are the connection's, so every request has to set them.
func inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, now := http.NewResponseController(w), time.Now()
		_ = c.SetReadDeadline(now.Add(exchangeTime)) // fails only where there is no connection, in tests
		_ = c.SetWriteDeadline(now.Add(2 * exchangeTime))
		next.ServeHTTP(w, r)
	})
}

// sameOrigin keeps other sites' pages in an operator's browser from changing
// anything.
func (a *Admin) sameOrigin(next http.Handler) http.Handler {
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		refusal(w, http.StatusForbidden, "a page of another site may not ask for this")
	}))
	return guard.Handler(next)
}

// bounded reads a request's body to its end, and refuses a large one.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > maxBody {
			w.Header().Set("Connection", "close")
			refusal(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", maxBody))
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			refusal(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body can't be read, or has more than %d bytes", maxBody))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

// survive makes an internal error out of a panic.
func (a *Admin) survive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				a.log.Error("request failed", "path", r.URL.Path, "from", r.RemoteAddr, "error", fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
				refusal(w, http.StatusInternalServerError, "internal error")
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// tagged gives answers of the API an ETag, so that who asks again and again is
// sent only what has changed.
func tagged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, root) || r.URL.Path == root+streamPath {
			next.ServeHTTP(w, r)
			return
		}
		kept := &buffered{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(kept, r)
		if kept.status == http.StatusOK {
			sum := sha256.Sum256(kept.body.Bytes())
			tag := `"` + hex.EncodeToString(sum[:8]) + `"`
			w.Header().Set("ETag", tag)
			w.Header().Set("Cache-Control", "no-cache")
			if strings.Contains(r.Header.Get("If-None-Match"), tag) {
				w.Header().Del("Content-Type")
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		w.WriteHeader(kept.status)
		_, _ = w.Write(kept.body.Bytes()) // who has gone away meanwhile is not our trouble
	})
}

// buffered keeps an answer back.
type buffered struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (b *buffered) WriteHeader(status int)      { b.status = status }
func (b *buffered) Write(p []byte) (int, error) { return b.body.Write(p) }
