package kube

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
)

// tainted is a node, as far as its taints go.
type tainted struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
	} `json:"metadata"`
	Spec struct {
		// Taints are kept as they are: they may have fields of later versions.
		Taints []json.RawMessage `json:"taints"`
	} `json:"spec"`
}

func (a *API) tainted(ctx context.Context, node string) (t tainted, err error) {
	return t, a.get(ctx, nodePath(node), &t)
}

func nodePath(node string) string { return "/api/v1/nodes/" + url.PathEscape(node) }

// without returns the taints with other keys.
func (t *tainted) without(key string) []json.RawMessage {
	return slices.DeleteFunc(slices.Clone(t.Spec.Taints), func(text json.RawMessage) bool {
		var taint struct {
			Key string `json:"key"`
		}
		return json.Unmarshal(text, &taint) == nil && taint.Key == key
	})
}

// has says whether there is a taint with this key.
func (t *tainted) has(key string) bool { return len(t.without(key)) < len(t.Spec.Taints) }

// untaint takes the taints with this key from the node. Others can only be
// written all at once: it is an error if somebody has changed the node since it
// was read.
func (a *API) untaint(ctx context.Context, node string, was tainted, key string) error {
	next := was
	if next.Spec.Taints = was.without(key); len(next.Spec.Taints) == 0 {
		next.Spec.Taints = nil // null deletes the field
	}
	return a.patch(ctx, nodePath(node), next)
}
