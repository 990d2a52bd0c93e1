package kube

import (
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"path"
	"slices"
	"strings"

	"github.com/drayproject/dray/shared/trackerapi"
)

// zoneLabel is Kubernetes' well-known label for a node's zone.
const zoneLabel = "topology.kubernetes.io/zone"

// Place is where a seeder is.
type Place struct {
	Zone   string
	Labels map[string]string
}

// settings is the file that tells a seeder. The labels are one text, as they
// are in an environment variable: a key of a settings file has no dots in it
// and no capitals.
func (p Place) settings() ([]byte, error) {
	var pairs []string
	for _, key := range slices.Sorted(maps.Keys(p.Labels)) {
		pairs = append(pairs, key+"="+p.Labels[key])
	}
	return json.Marshal(struct {
		Zone   string `json:"zone,omitempty"`
		Labels string `json:"labels,omitempty"`
	}{p.Zone, strings.Join(pairs, ",")})
}

// Place reads the node and keeps the labels that match one of the patterns.
func (a *API) Place(ctx context.Context, node string, patterns []string) (Place, error) {
	var object struct {
		Metadata struct {
			Labels map[string]string `json:"labels"`
		} `json:"metadata"`
	}
	if err := a.get(ctx, "/api/v1/nodes/"+url.PathEscape(node), &object); err != nil {
		return Place{}, err
	}
	labels := object.Metadata.Labels
	return Place{Zone: labels[zoneLabel], Labels: choose(labels, patterns)}, nil
}

// choose keeps labels whose key matches a pattern of [path.Match], where *
// does not cross a slash; the pattern "*/*" is for all keys with a prefix. What
// a tracker would refuse is left out: keys that are too long, and those that are
// too many, last in the alphabet.
func choose(labels map[string]string, patterns []string) map[string]string {
	chosen := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		if len(chosen) == trackerapi.MaxLabels {
			break
		}
		if len(key) <= trackerapi.MaxName && matchesAny(key, patterns) {
			chosen[key] = labels[key]
		}
	}
	return chosen
}

func matchesAny(key string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		matched, err := path.Match(pattern, key)
		return err == nil && matched
	})
}
