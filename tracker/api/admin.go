package api

import (
	"net/http"

	"github.com/drayproject/dray/tracker/roster"
)

// readiness is the answer of /readyz.
type readiness struct {
	Status string         `json:"status"` // ready or stopping
	Nodes  map[string]int `json:"nodes"`  // by state
}

var listedStates = []roster.State{roster.Joining, roster.Ready, roster.Suspect, roster.Dead, roster.Draining, roster.Gone}

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
	status := http.StatusOK
	if a.stopping.Load() {
		ready.Status, status = "stopping", http.StatusServiceUnavailable
	}
	_ = answer(w, status, ready)
}
