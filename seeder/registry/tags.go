package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Policy is what the mirror does when containerd asks for a tag. Digests are
// for ever, but tags move, and only their registry knows where to.
type Policy string

// The policies.
const (
	// Fallback leaves tags to the registry while it answers. When it does
	// not, the newest digest that the cluster knows is served.
	Fallback Policy = "fallback"
	// Prefer always serves the newest digest that the cluster knows.
	Prefer Policy = "prefer"
	// Never leaves tags alone.
	Never Policy = "never"
)

// resolveTimeout bounds the question to the trackers, whose client has a
// shorter deadline of its own.
const resolveTimeout = 200 * time.Millisecond

var (
	errTagPolicy  = errors.New("tags are left to the registry")
	errTagUnknown = errors.New("nobody in the cluster knows this tag")
	errAnswers    = errors.New("the registry answers: tags are its business")
)

// tags decides which digest a tag has, if that is for this node to say.
type tags struct {
	policies  map[string]Policy
	inventory Inventory
	resolver  Resolver
	upstreams *upstreams
	log       *slog.Logger
	fallbacks prometheus.Counter
}

func newTags(c MirrorConfig, inv Inventory, res Resolver, log *slog.Logger, reg prometheus.Registerer) (*tags, error) {
	policies, err := parsePolicies(c.TagPolicy)
	if err != nil {
		return nil, err
	}
	up, err := newUpstreams(c.Upstreams)
	if err != nil {
		return nil, err
	}
	t := &tags{policies: policies, inventory: inv, resolver: res, upstreams: up, log: log}
	t.fallbacks = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "dray_seeder_tag_fallbacks_total",
		Help: "Tags that were resolved by the cluster because their registry did not answer.",
	})
	reg.MustRegister(t.fallbacks)
	return t, nil
}

func parsePolicies(settings map[string]string) (map[string]Policy, error) {
	policies := map[string]Policy{"*": Fallback}
	for registry, p := range settings {
		switch Policy(p) {
		case Fallback, Prefer, Never:
			policies[registry] = Policy(p)
		default:
			return nil, fmt.Errorf("tag policy %q of %s: want fallback, prefer or never", p, registry)
		}
	}
	return policies, nil
}

func (t *tags) policy(registry string) Policy {
	if p, ok := t.policies[registry]; ok {
		return p
	}
	return t.policies["*"]
}

// resolve returns the digest to serve for registry/repository:tag, or an error
// that says why containerd has to ask the registry. The registry is only
// probed for names that the cluster knows, so a client can't have us probe
// whatever it likes.
func (t *tags) resolve(ctx context.Context, registry, repository, tag string) (digest.Digest, error) {
	policy := t.policy(registry)
	if registry == "" || policy == Never {
		return "", errTagPolicy
	}
	name := registry + "/" + repository + ":" + tag
	known := newest(t.here(name), t.cluster(ctx, name))
	if known.Digest.Validate() != nil {
		return "", errTagUnknown
	}
	if policy == Prefer {
		return known.Digest, nil
	}
	if t.upstreams.answers(ctx, registry) {
		return "", errAnswers
	}
	t.fallbacks.Inc()
	t.log.Warn("registry does not answer: serving the newest digest that the cluster knows",
		"image", name, "digest", known.Digest, "age", time.Since(known.UpdatedAt).Round(time.Second))
	return known.Digest, nil
}

func (t *tags) here(name string) trackerapi.Image {
	i, ok := t.inventory.Image(name)
	if !ok {
		return trackerapi.Image{}
	}
	return trackerapi.Image{Name: i.Name, Digest: i.Digest, UpdatedAt: i.UpdatedAt}
}

func (t *tags) cluster(ctx context.Context, name string) trackerapi.Image {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	images, err := t.resolver.Resolve(ctx, []string{name})
	if err != nil { // a wrong "unknown" can cost the pull much more than a second question
		images, err = t.resolver.Resolve(ctx, []string{name})
	}
	if err != nil || len(images) != 1 {
		t.log.Debug("tag not resolved by a tracker", "image", name, "error", err)
		return trackerapi.Image{}
	}
	return images[0]
}

// newest is the image that was updated last, of those that have a digest.
func newest(images ...trackerapi.Image) (n trackerapi.Image) {
	for _, i := range images {
		if i.Digest != "" && (n.Digest == "" || i.UpdatedAt.After(n.UpdatedAt)) {
			n = i
		}
	}
	return n
}
