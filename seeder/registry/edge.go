package registry

import (
	"net/http"
	"time"

	"github.com/drayproject/dray/shared/httpserver"
)

// bodyPatience is how long a client may take to send the body of a request
// that should have none.
const bodyPatience = 5 * time.Second

// edge is what both sides do with every request: bound what the client can cost
// and answer what needs no content. It does not wrap w, whose ReadFrom is the
// way to sendfile(2).
func edge(content httpserver.Handler, fail httpserver.ErrorWriter) http.Handler {
	return httpserver.Adapter(fail)(func(w http.ResponseWriter, r *http.Request) error {
		ctl := http.NewResponseController(w)
		_ = ctl.SetWriteDeadline(time.Now().Add(patience))
		if r.ContentLength != 0 {
			_ = ctl.SetReadDeadline(time.Now().Add(bodyPatience))
			w.Header().Set("Connection", "close")
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			return problemf(http.StatusMethodNotAllowed, codeUnsupported, "content is only read here")
		}
		if isPing(r.URL.Path) {
			return pong(w)
		}
		return content(w, r)
	})
}

func pong(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	_, _ = w.Write([]byte("{}"))
	return nil
}
