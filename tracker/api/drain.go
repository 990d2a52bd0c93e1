package api

import (
	"net/http"
	"net/url"

	"github.com/go-chi/chi/v5"

	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/tracker/roster"
)

// nodeState is the answer to drain and undrain.
type nodeState struct {
	Node  string `json:"node"`
	State string `json:"state"`
}

// change makes a handler out of what may be done to a node by its name.
func (a *API) change(verb string, do func(name string) (roster.State, error)) httpserver.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		name := chi.URLParam(r, "name")
		if r.URL.RawPath != "" { // then chi has matched that
			var err error
			if name, err = url.PathUnescape(name); err != nil {
				return invalid("the node's name: %v", err)
			}
		}
		state, err := do(name)
		if err != nil {
			return err
		}
		a.log.Info(verb, "node", name, "state", state.String(), "from", r.RemoteAddr)
		return answer(w, http.StatusOK, nodeState{Node: name, State: state.String()})
	}
}
