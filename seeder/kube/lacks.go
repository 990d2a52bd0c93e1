package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// settled is how long a node has to be ready before the trackers' plans are sure
// to know of it: it is heard, planned for, and shown by all trackers within less.
const settled = 15 * time.Second

// lacks names something that a node is still to get, because of a policy for every
// node or of a job; "" is nothing. What has failed is not counted: it may fail for
// ever.
func (a *admin) lacks(ctx context.Context, node string) (what string, err error) {
	for _, look := range []func(context.Context, string) (string, error){a.ofJobs, a.ofPolicies, a.newcomer} {
		if what, err = look(ctx, node); what != "" || err != nil {
			return what, err
		}
	}
	return "", nil
}

// newcomer is for a node that plans may not know of.
func (a *admin) newcomer(ctx context.Context, node string) (what string, err error) {
	var n struct {
		State   string `json:"state"`
		History struct {
			UptimeMS int64 `json:"uptime_ms"`
		} `json:"history"`
	}
	if err := a.call(ctx, http.MethodGet, "nodes/"+url.PathEscape(node), &n); err != nil {
		return "", err
	}
	if n.State != "ready" {
		return "the tracker says that the node is " + n.State, nil
	}
	if time.Duration(n.History.UptimeMS)*time.Millisecond < settled {
		return "the node is new to the trackers", nil
	}
	return "", nil
}

func (a *admin) ofJobs(ctx context.Context, node string) (what string, err error) {
	var jobs struct {
		Items []struct {
			Job struct {
				ID string `json:"id"`
			} `json:"job"`
			State string `json:"state"`
		} `json:"items"`
	}
	if err := a.call(ctx, http.MethodGet, "jobs", &jobs); err != nil {
		return "", err
	}
	for _, j := range jobs.Items {
		switch j.State {
		case "new":
			return fmt.Sprintf("job %s is not planned yet", j.Job.ID), nil
		case "running", "standing":
			if what, err := a.ofJob(ctx, j.Job.ID, node); what != "" || err != nil {
				return what, err
			}
		}
	}
	return "", nil
}

func (a *admin) ofJob(ctx context.Context, id, node string) (what string, err error) {
	path := "jobs/" + url.PathEscape(id) + "/nodes?phase=waiting&phase=pulling&limit=1000"
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				Node  string `json:"node"`
				Image string `json:"image"`
				Phase string `json:"phase"`
			} `json:"items"`
			Next string `json:"next"`
		}
		if err := a.call(ctx, http.MethodGet, path+"&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return "", err
		}
		for _, n := range page.Items {
			if n.Node == node {
				return fmt.Sprintf("job %s: %s is %s", id, n.Image, n.Phase), nil
			}
		}
		if cursor = page.Next; cursor == "" {
			return "", nil
		}
	}
}

func (a *admin) ofPolicies(ctx context.Context, node string) (what string, err error) {
	var policies struct {
		Items []struct {
			Policy struct {
				Name  string `json:"name"`
				Every bool   `json:"every"`
			} `json:"policy"`
			Short int `json:"short"`
		} `json:"items"`
	}
	if err := a.call(ctx, http.MethodGet, "policies", &policies); err != nil {
		return "", err
	}
	for _, p := range policies.Items {
		if !p.Policy.Every || p.Short == 0 {
			continue
		}
		if what, err := a.ofPolicy(ctx, p.Policy.Name, node); what != "" || err != nil {
			return what, err
		}
	}
	return "", nil
}

func (a *admin) ofPolicy(ctx context.Context, name, node string) (what string, err error) {
	var policy struct {
		Status []struct {
			Image  string   `json:"image"`
			Wanted int      `json:"wanted"`
			Have   []string `json:"have"`
			Coming []string `json:"coming"`
		} `json:"status"`
	}
	if err := a.call(ctx, http.MethodGet, "policies/"+url.PathEscape(name), &policy); err != nil {
		return "", err
	}
	for _, s := range policy.Status {
		if len(s.Have) >= s.Wanted || slices.Contains(s.Have, node) {
			continue
		}
		chosen := slices.Contains(s.Coming, node)
		if !chosen {
			chosen, err = a.chosen(ctx, name, s.Image, node) // it may have to wait for its turn
		}
		if chosen || err != nil {
			return fmt.Sprintf("policy %s: %s is to come", name, s.Image), err
		}
	}
	return "", nil
}

// chosen says whether the policy would have the node get a copy.
func (a *admin) chosen(ctx context.Context, policy, image, node string) (bool, error) {
	var places struct {
		Items []struct {
			Node   string `json:"node"`
			Chosen bool   `json:"chosen"`
		} `json:"items"`
	}
	query := url.Values{"policy": {policy}, "image": {image}}
	if err := a.call(ctx, http.MethodGet, "places?"+query.Encode(), &places); err != nil {
		return false, err
	}
	for _, p := range places.Items {
		if p.Node == node {
			return p.Chosen, nil
		}
	}
	return false, nil
}
