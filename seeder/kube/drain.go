package kube

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// leaving says whether the node is cordoned, or has one of the taints: whoever
// set that means to take it away. A seeder that is only replaced by another finds
// neither.
func (a *API) leaving(ctx context.Context, node string, taints []string) (bool, error) {
	var object struct {
		Spec struct {
			Unschedulable bool `json:"unschedulable"`
			Taints        []struct {
				Key string `json:"key"`
			} `json:"taints"`
		} `json:"spec"`
	}
	if err := a.get(ctx, "/api/v1/nodes/"+url.PathEscape(node), &object); err != nil {
		return false, err
	}
	for _, t := range object.Spec.Taints {
		if slices.Contains(taints, t.Key) {
			return true, nil
		}
	}
	return object.Spec.Unschedulable, nil
}

// admin is a tracker's admin API. Its connection is kept, so that one tracker
// answers for as long as it lives.
type admin struct {
	base, token string
	http        *http.Client
}

func newAdmin(tracker, token string) *admin {
	return &admin{base: tracker + "/admin/v1/", token: token, http: &http.Client{Timeout: callTimeout, Transport: &http.Transport{}}} // no proxy
}

// saving is how far a drain is, as far as it matters here.
type saving struct {
	State  string `json:"state"`
	Left   []any  `json:"left"`
	Reason string `json:"reason"`
}

// drain has what only this node has, or too few others, copied elsewhere, and
// returns when that is done or can't be, or ctx ends. Then it takes the order
// back: it was for this time, and the node may return. Content that is left is
// an error.
func (a *admin) drain(ctx context.Context, node string, deadline time.Duration) (err error) {
	name := url.PathEscape(node)
	if err := a.call(ctx, http.MethodPost, "nodes/"+name+"/drain?save=true&deadline="+deadline.String(), new(any)); err != nil {
		return err
	}
	defer func() {
		ctx := context.WithoutCancel(ctx) // the client has a timeout
		err = errors.Join(err, a.call(ctx, http.MethodPost, "nodes/"+name+"/undrain", new(any)))
	}()
	return a.await(ctx, "drains/"+name)
}

// await returns when a drain is over. A tracker may hear of it only seconds after
// the one that was told.
func (a *admin) await(ctx context.Context, path string) error {
	for {
		var now saving
		err := a.call(ctx, http.MethodGet, path, &now)
		switch r, refused := errors.AsType[*refusal](err); {
		case refused && r.status != http.StatusNotFound && r.status < http.StatusInternalServerError:
			return err
		case err == nil && now.State == "left":
			return nil
		case err == nil && now.State != "saving":
			return fmt.Errorf("the drain is %s with %d images left: %s", now.State, len(now.Left), now.Reason)
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return fmt.Errorf("time is up with %d images left: %w", len(now.Left), errors.Join(ctx.Err(), err))
		}
	}
}

// refusal is an answer other than 2xx, with the tracker's own words.
type refusal struct {
	path, words string
	status      int
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %d %s", r.path, r.status, r.words) }

// call decodes the answer. One other than 2xx is a refusal.
func (a *admin) call(ctx context.Context, method, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, nil)
	if err != nil {
		return err
	}
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if resp.StatusCode/100 != 2 {
		var problem struct {
			Detail string `json:"detail"`
		}
		_ = json.Unmarshal(body, &problem)
		return &refusal{path: path, status: resp.StatusCode, words: problem.Detail}
	}
	return json.Unmarshal(body, into)
}
