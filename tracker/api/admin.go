package api

import (
	"net/http"

	"github.com/drayproject/dray/tracker/roster"
)

// readiness is the answer of /readyz.
type readiness struct {
	Status string         `json:"status"`           // loading, ready or stopping
	Memory string         `json:"memory,omitempty"` // how it stands with the common memory, if there is to be one
	Nodes  map[string]int `json:"nodes"`            // by state
}

var listedStates = []roster.State{roster.Joining, roster.Ready, roster.Suspect, roster.Dead, roster.Draining, roster.Gone}

// Loading is the state of a memory that can't answer yet.
const Loading = "loading"

// Remember makes /readyz tell the state of the common memory. It is for before
// the first request.
func (a *API) Remember(state func() string) { a.memory = state }

// livez says that the process answers.
func (a *API) livez(w http.ResponseWriter, _ *http.Request) {
	_ = answer(w, http.StatusOK, map[string]string{"status": "alive"})
}

// readyz says whether nodes should ask here.
func (a *API) readyz(w http.ResponseWriter, _ *http.Request) {
	ready := readiness{Status: "ready", Nodes: map[string]int{}}
	for _, s := range listedStates {
		ready.Nodes[s.String()] = a.roster.Count(s)
	}
	if a.memory != nil {
		ready.Memory = a.memory()
	}
	status := http.StatusOK
	switch {
	case a.stopping.Load():
		ready.Status, status = "stopping", http.StatusServiceUnavailable
	case ready.Memory == Loading:
		ready.Status, status = Loading, http.StatusServiceUnavailable
	}
	_ = answer(w, status, ready)
}
