package placement

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

const example = `policies:
- name: base
  images: ["docker.io/library/**", "!**:latest"]
  factor: 3
  spread: [zone, rack]
  select:
    labels: {disk: ssd}
    except: {spot: ""}
  strategies: {spread: 8, stable: 2}
  platforms: [linux/amd64, linux/arm64]
  budget: {rate: 50000000, parallel: 4}
  deadline: 10m
  repair_after: 90s
  pull_secret: harbor
- name: everywhere
  images: ["registry.example/agents/*:*"]
  every: true
- name: popular
  used_by: 5
  factor: 2
  pin: false
`

func TestAFileOfPolicies(t *testing.T) {
	all, err := ParsePolicies([]byte(example))
	if err != nil || len(all) != 3 {
		t.Fatalf("%d, %v", len(all), err)
	}
	if p := all[0]; p.repairAfter() != 90*time.Second || p.deadline() != 10*time.Minute || p.Budget.rate() != 12_500_000 || !p.pins() {
		t.Errorf("%+v", p)
	}
	if all[2].pins() || all[2].repairAfter() != 5*time.Minute {
		t.Errorf("%+v", all[2])
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"policies: [{name: a, images: ['**'], factor: 1, colour: red}]": "colour",
		"policys: []": "policys",
		"policies: [{name: a, images: ['**'], factor: 1}, {name: a, images: ['**'], factor: 2}]":     "is there twice",
		"policies: [{name: a, images: ['**'], factor: 0}]":                                           "factor: is not between 1 and 1000",
		"policies: [{name: a, images: ['**'], factor: 1, deadline: 5}]":                              "deadline",
		"policies: [{name: a, images: ['**'], factor: 1, deadline: soon}]":                           "soon",
		"policies: [{name: a, images: ['**'], factor: 1, strategies: {best: 1}}]":                    `"best" is unknown: there are hash, least-loaded, spread, stable`,
		"policies: [{name: a, images: ['redis:[7'], factor: 1}]":                                     "has a character",
		"policies: [{name: a, images: ['redis:*'], factor: 1}]":                                      "matches no full name",
		"policies: [{name: a, factor: 1}]":                                                           "says which images",
		"policies: [{name: a, images: ['!**/x'], factor: 1}]":                                        "only takes names out",
		"policies: [{name: A, images: ['**'], factor: 1}]":                                           "name: is not",
		"policies: [{name: a, images: ['**'], every: true, factor: 2}]":                              "says nothing where every is set",
		"policies: [{name: a, images: ['**'], factor: 1, platforms: [amd64]}]":                       "platforms",
		"policies: [{name: a, images: ['**'], factor: 1, pull_secret: ../x}]":                        "pull_secret",
		"policies: [{name: a, images: ['**'], factor: 1, budget: {rate: -1}}]":                       "budget.rate: is negative",
		"policies: [{name: a, images: ['**'], factor: 1, spread: [zone, zone]}]":                     "there twice",
		"policies: [{name: a, images: ['**'], factor: 1, select: {labels: {x: y}, except: {x: y}}}]": "no node can match",
	} {
		if _, err := ParsePolicies([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n\t%v, want %q", text, err, want)
		}
	}
}

func TestFieldErrorsNameTheirFields(t *testing.T) {
	p := Policy{Name: "a", Images: []string{"x"}, Factor: -1, Budget: Budget{Parallel: -1}}
	var fields []string
	for _, e := range FieldErrors(p.Validate()) {
		fields = append(fields, e.Field)
	}
	if !slices.Equal(fields, []string{"images", "factor", "budget.parallel"}) {
		t.Errorf("fields: %v", fields)
	}
	j := Job{ID: "a", Images: []string{"r/x:*", "r/x@sha256:12"}, Retries: -1}
	if n := len(FieldErrors(j.Validate())); n != 3 {
		t.Errorf("%d errors: %v", n, j.Validate())
	}
}

func TestPatterns(t *testing.T) {
	for _, v := range []struct {
		pattern, name string
		want          bool
	}{
		{"docker.io/library/redis:7", "docker.io/library/redis:7", true},
		{"docker.io/library/redis:7", "docker.io/library/redis:77", false},
		{"docker.io/library/redis:*", "docker.io/library/redis:7.2-alpine", true},
		{"docker.io/*/redis:7", "docker.io/library/redis:7", true},
		{"docker.io/*", "docker.io/library/redis:7", false},
		{"docker.io/**", "docker.io/library/redis:7", true},
		{"**/redis:?", "docker.io/library/redis:7", true},
		{"**/redis:?", "docker.io/library/redis:77", false},
		{"**", "sha256:00", false},
		{"**", "docker.io/library/redis@sha256:00", false},
		{"**@**", "docker.io/library/redis@sha256:00", true},
		{"docker.io/library/redis.7", "docker.io/library/redis:7", false},
	} {
		p, err := compile([]string{v.pattern})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.match(v.name); got != v.want {
			t.Errorf("%s for %s: %v", v.pattern, v.name, got)
		}
	}
}

// FuzzParsePolicies: what is taken in can be written and read again, and planned.
func FuzzParsePolicies(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(`{"policies": [{"name": "a", "images": ["r/*:?"], "factor": 2}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := ParsePolicies(data)
		if err != nil {
			return
		}
		text, err := json.Marshal(map[string]any{"policies": all})
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePolicies(text)
		if err != nil || !reflect.DeepEqual(emptied(all), emptied(again)) {
			t.Fatalf("%v\n%+v\n%+v", err, all, again)
		}
		c := newCluster(t, 2, 2)
		c.pull("a1", redis, dg("7"))
		Make(c.view(), all, nil, c.now)
	})
}

// emptied has nil for what is empty, which is the same.
func emptied(all []Policy) string {
	text, _ := json.Marshal(all)
	return string(text)
}
