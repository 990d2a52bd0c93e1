package admin

import (
	"encoding/json"
	"net/http"

	"github.com/drayproject/dray/tracker/roster"
)

// The states of a tracker, and the one of its memory that it can't answer in.
const (
	ready    = "ready"
	stopping = "stopping"
	loading  = "loading"
)

// readiness is the answer of /readyz. Whoever has no token sees the status
// alone.
type readiness struct {
	Status string         `json:"status"`           // loading, ready or stopping
	Memory string         `json:"memory,omitempty"` // how it stands with the common memory, if there is to be one
	Nodes  map[string]int `json:"nodes,omitempty"`  // by state
}

var listedStates = []roster.State{roster.Joining, roster.Ready, roster.Suspect, roster.Dead, roster.Draining, roster.Gone}

// livez says that the process answers.
func (a *Admin) livez(w http.ResponseWriter, _ *http.Request) {
	say(w, http.StatusOK, map[string]string{"status": "alive"})
}

// readyz says whether nodes should ask here.
func (a *Admin) readyz(w http.ResponseWriter, r *http.Request) {
	answer := readiness{Status: a.status()}
	if a.knows(r) {
		answer.Nodes = map[string]int{}
		for _, s := range listedStates {
			answer.Nodes[s.String()] = a.Roster.Count(s)
		}
		if a.Memory != nil {
			answer.Memory = a.Memory().State
		}
	}
	code := http.StatusOK
	if answer.Status != ready {
		code = http.StatusServiceUnavailable
	}
	say(w, code, answer)
}

func (a *Admin) status() string {
	switch {
	case a.stopping.Load():
		return stopping
	case a.Memory != nil && a.Memory().State == loading:
		return loading
	}
	return ready
}

func say(w http.ResponseWriter, status int, answer any) {
	body, _ := json.Marshal(answer) // strings and numbers
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone away meanwhile is not our trouble
}
