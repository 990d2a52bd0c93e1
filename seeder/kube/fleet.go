package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// fleet asks a tracker how many nodes it knows to be ready. The URL is that of
// its admin listener, which may want a token. No node at all is an error.
func fleet(ctx context.Context, tracker, token string) (ready int, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, tracker+"/readyz", nil)
	if err != nil {
		return 0, err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req) // no proxy
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	var answer struct {
		Status string         `json:"status"`
		Nodes  map[string]int `json:"nodes"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&answer); err != nil {
		return 0, fmt.Errorf("the tracker's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("the tracker is %s", answer.Status)
	}
	if answer.Nodes["ready"] == 0 {
		return 0, fmt.Errorf("the tracker is ready, but knows of no node that is: %v", answer.Nodes)
	}
	return answer.Nodes["ready"], nil
}
