package kube

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"
)

const lookAgain = 2 * time.Second

// daemonSet is what its controller says of its pods.
type daemonSet struct {
	Metadata struct {
		Generation int64 `json:"generation"`
	} `json:"metadata"`
	Status struct {
		ObservedGeneration     int64 `json:"observedGeneration"`
		DesiredNumberScheduled int   `json:"desiredNumberScheduled"`
		NumberReady            int   `json:"numberReady"`
	} `json:"status"`
}

// complete: the controller has counted the nodes, and on each a pod is ready.
func (d *daemonSet) complete() bool {
	return d.Status.ObservedGeneration >= d.Metadata.Generation &&
		d.Status.NumberReady >= d.Status.DesiredNumberScheduled
}

// Await returns when a pod of the DaemonSet is ready on every node. Progress is
// told each time that it changes. When ctx ends first, the error says how many
// nodes are missing.
func (a *API) Await(ctx context.Context, namespace, name string, progress func(ready, nodes int)) error {
	path := daemonSetPath(namespace, name)
	var last daemonSet
	var lastErr error
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for {
		var now daemonSet
		if err := a.get(ctx, path, &now); err == nil {
			if now.Status != last.Status {
				progress(now.Status.NumberReady, now.Status.DesiredNumberScheduled)
			}
			last, lastErr = now, nil
			if now.complete() {
				return nil
			}
		} else if ctx.Err() == nil {
			lastErr = err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return missing(last, lastErr)
		}
	}
}

// Delete removes the DaemonSet, and with it its pods.
func (a *API) Delete(ctx context.Context, namespace, name string) error {
	return a.delete(ctx, daemonSetPath(namespace, name))
}

func daemonSetPath(namespace, name string) string {
	return fmt.Sprintf("/apis/apps/v1/namespaces/%s/daemonsets/%s", url.PathEscape(namespace), url.PathEscape(name))
}

func missing(d daemonSet, err error) error {
	if err != nil {
		return fmt.Errorf("Kubernetes could not be asked: %w", err) //nolint:staticcheck // a name
	}
	if d.Status.ObservedGeneration == 0 {
		return errors.New("no controller has looked at the DaemonSet")
	}
	return fmt.Errorf("%d of %d nodes are missing",
		d.Status.DesiredNumberScheduled-d.Status.NumberReady, d.Status.DesiredNumberScheduled)
}
