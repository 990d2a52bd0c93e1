// Package status tells what a node is getting at the moment, what it has got
// lately, and where that came from. It is served beside the mirror, on loopback:
// the names of what a node pulls are nobody else's business.
package status

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Path is where a seeder tells its status, on the mirror's listener.
const Path = "/dray/v1/status"

const (
	defaultRecent = 20
	maxRecent     = 1000
	answerTimeout = 5 * time.Second
	maxAnswer     = 16 << 20
)

// Status is what a node tells of itself.
type Status struct {
	Node     string `json:"node"`
	Version  string `json:"version,omitempty"`
	Ready    bool   `json:"ready"`
	Store    bool   `json:"store"`   // it answered last time
	Digests  int    `json:"digests"` // that the node announces
	Trackers int    `json:"trackers"`
	// Degraded is why neighbours are told to ask others first.
	Degraded string `json:"degraded,omitempty"`
	// Uploads are the blobs that neighbours are being sent.
	Uploads int `json:"uploads"`
	// Arriving is what is on its way into the node's store, whoever sends it.
	Arriving []trackerapi.Ingest `json:"arriving"`
	// Helpers are the nodes that send what arrives together with its parent.
	Helpers map[digest.Digest][]string `json:"helpers,omitempty"`
	// Tasks are what the node gets for the trackers, and has lately got.
	Tasks []Task `json:"tasks,omitempty"`
	// Pins are the images that garbage collection spares for the trackers.
	Pins []trackerapi.Pin `json:"pins,omitempty"`
	// Recent is what the mirror has served, the newest first.
	Recent []transfers.Transfer `json:"recent"`
}

// Task is one image for the trackers.
type Task struct {
	Image string `json:"image"`
	trackerapi.TaskState
}

// Handler answers GET requests with what now returns for the number of recent
// transfers that were asked for, as ?recent=.
func Handler(now func(recent int) Status) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			w.Header().Set("Allow", http.MethodGet)
			http.Error(w, "the status is for GET", http.StatusMethodNotAllowed)
			return
		}
		recent, err := number(r.FormValue("recent"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s := now(recent)
		if s.Arriving == nil {
			s.Arriving = []trackerapi.Ingest{} // in JSON it is a list
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s)
	})
}

func number(text string) (int, error) {
	if text == "" {
		return defaultRecent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > maxRecent {
		return 0, fmt.Errorf("recent %.16q: want a number from 0 to %d", text, maxRecent)
	}
	return n, nil
}

// Ask asks the seeder whose mirror listens at addr.
func Ask(ctx context.Context, addr string, recent int) (s Status, err error) {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s%s?recent=%d", addr, Path, recent), http.NoBody)
	if err != nil {
		return s, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return s, fmt.Errorf("is a seeder running? %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	body := io.LimitReader(res.Body, maxAnswer)
	if res.StatusCode != http.StatusOK {
		const most = 1 << 10
		why, _ := io.ReadAll(io.LimitReader(body, most))
		return s, fmt.Errorf("the seeder at %s says %s: %s", addr, res.Status, why)
	}
	if err := json.NewDecoder(body).Decode(&s); err != nil {
		return s, fmt.Errorf("the answer of %s: %w", addr, err)
	}
	return s, nil
}
