package placement

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// FieldError is what is wrong with one field. A joined error has several.
type FieldError struct {
	Field  string // as in JSON: "budget.rate"
	Reason string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Reason }

// FieldErrors takes apart what Validate returned.
func FieldErrors(err error) (all []*FieldError) {
	var one *FieldError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range many.Unwrap() {
			all = append(all, FieldErrors(e)...)
		}
	} else if errors.As(err, &one) {
		all = append(all, one)
	}
	return all
}

// complaints collects what is wrong.
type complaints []error

func (c *complaints) unless(fine bool, field, format string, args ...any) {
	if !fine {
		*c = append(*c, &FieldError{field, fmt.Sprintf(format, args...)})
	}
}

var (
	properName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	platform   = regexp.MustCompile(`^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?$`)
)

const aName = "is not up to 63 lower-case letters, digits and inner hyphens"

// Validate refuses what can't be, all of it: each error is a [FieldError].
func (p *Policy) Validate() error {
	var c complaints
	c.unless(properName.MatchString(p.Name), "name", aName)
	c.images(p)
	c.unless(p.UsedBy >= 0 && p.UsedBy <= 1_000_000, "used_by", "is not between 0 and 1000000")
	if p.Every {
		c.unless(p.Factor == 0, "factor", "says nothing where every is set")
	} else {
		c.unless(p.Factor >= 1 && p.Factor <= MaxFactor, "factor", "is not between 1 and %d", MaxFactor)
	}
	c.strategies(p)
	c.shared(&p.Select, &p.Budget, p.Platforms, p.PullSecret)
	c.unless(p.Deadline >= 0, "deadline", "is negative")
	c.unless(p.RepairAfter >= 0, "repair_after", "is negative")
	return errors.Join(c...)
}

func (c *complaints) images(p *Policy) {
	c.unless(len(p.Images) > 0 || p.UsedBy > 0, "images", "says which images: it is needed without used_by")
	c.unless(len(p.Images) <= MaxPatterns, "images", "has more than %d", MaxPatterns)
	taken := p.UsedBy > 0 || len(p.Images) == 0
	for _, text := range p.Images {
		body, excluded := strings.CutPrefix(text, "!")
		taken = taken || !excluded
		_, err := compileOne(body)
		c.unless(err == nil, "images", "%q %v", text, err)
	}
	c.unless(taken, "images", "only takes names out: one has to take some in")
}

func (c *complaints) strategies(p *Policy) {
	for _, name := range slices.Sorted(maps.Keys(p.Strategies)) {
		weight := p.Strategies[name]
		c.unless(Strategies[name] != nil, "strategies", "%q is unknown: there are %s", name, strings.Join(slices.Sorted(maps.Keys(Strategies)), ", "))
		c.unless(weight >= 0 && weight <= MaxWeight, "strategies", "the weight of %q is not between 0 and %d", name, MaxWeight)
	}
	c.unless(len(p.Spread) <= 4, "spread", "has more than 4 keys")
	for i, key := range p.Spread {
		c.unless(key != "" && len(key) <= trackerapi.MaxName && !slices.Contains(p.Spread[:i], key), "spread", "%q is empty, too long or there twice", key)
	}
}

// shared is what policies and jobs have in common.
func (c *complaints) shared(s *Selector, b *Budget, platforms []string, secret string) {
	const most = 1000
	c.unless(len(s.Nodes)+len(s.Zones)+len(s.Labels)+len(s.Except) <= most, "select", "has more than %d entries", most)
	for _, key := range slices.Sorted(maps.Keys(s.Except)) {
		value, wanted := s.Labels[key]
		c.unless(!wanted || (s.Except[key] != "" && s.Except[key] != value), "select", "no node can match: label %q is wanted and excepted", key)
	}
	c.unless(b.Rate >= 0, "budget.rate", "is negative")
	c.unless(b.RatePerNode >= 0, "budget.rate_per_node", "is negative")
	c.unless(b.Parallel >= 0 && b.Parallel <= 10_000, "budget.parallel", "is not between 0 and 10000")
	c.unless(len(platforms) <= 16, "platforms", "has more than 16")
	for _, text := range platforms {
		fine := platform.MatchString(text) || (text == "all" && len(platforms) == 1)
		c.unless(fine, "platforms", `%q is neither like "linux/arm64" nor "all" alone`, text)
	}
	c.unless(secret == "" || (len(secret) <= 253 && secretName.MatchString(secret)), "pull_secret", "is not a name: letters, digits, inner dots and hyphens")
}

// secretName has no slash, and no dot at an end: it may become a folder's name.
var secretName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)

// Validate refuses what can't be, all of it: each error is a [FieldError].
func (j *Job) Validate() error {
	var c complaints
	c.unless(properName.MatchString(j.ID), "id", aName)
	c.unless(len(j.Images) > 0 && len(j.Images) <= MaxPatterns, "images", "are not between 1 and %d", MaxPatterns)
	for i, name := range j.Images {
		_, err := compileOne(name)
		c.unless(err == nil && !strings.ContainsAny(name, "*?"), "images", "%q is not a full name, such as docker.io/library/redis:7", name)
		c.unless(!slices.Contains(j.Images[:i], name), "images", "%q is there twice", name)
		if _, text, byDigest := strings.Cut(name, "@"); byDigest {
			c.unless(digest.Digest(text).Validate() == nil, "images", "%q has a wrong digest", name)
		}
	}
	c.shared(&j.Select, &j.Budget, j.Platforms, j.PullSecret)
	c.unless(j.Deadline >= 0, "deadline", "is negative")
	c.unless(j.Retries >= 0 && j.Retries <= MaxRetries, "retries", "is not between 0 and %d", MaxRetries)
	return errors.Join(c...)
}

// Matches says whether a node is meant.
func (s *Selector) Matches(n *Node) bool {
	if len(s.Nodes) > 0 && !slices.Contains(s.Nodes, n.Name) {
		return false
	}
	if len(s.Zones) > 0 && !slices.Contains(s.Zones, n.Zone) {
		return false
	}
	for key, value := range s.Labels {
		if has, there := n.Labels[key]; !there || has != value {
			return false
		}
	}
	for key, value := range s.Except {
		if has, there := n.Labels[key]; there && (value == "" || has == value) {
			return false
		}
	}
	return true
}
