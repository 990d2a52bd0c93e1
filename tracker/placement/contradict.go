package placement

import (
	"fmt"
	"reflect"
	"slices"
)

// Contradiction is two policies that can't both be.
type Contradiction struct {
	Policy string `json:"policy"`
	Other  string `json:"other"`
	Reason string `json:"reason"`
}

// Contradictions finds policies that can't both be as they are: they claim the
// same image for the same node, and either
//
//   - one keeps garbage collection from it, and the other says that it may take
//     it ("pin: false"), or
//   - they name different pull secrets, and a node can present only one.
//
// Until that is changed the image is pinned, and the secret is that of the
// policy which wants more copies. Other differences are none: of two factors the
// larger one holds, both selections, all platforms, and the image is unpacked if
// one of them wants it.
//
// Two policies claim the same image if there is one in the world that both match,
// or if one matches a name that the other's pattern stands for.
func Contradictions(w *World, policies []Policy) []Contradiction {
	p := &planner{w: w, seats: make([]seat, len(w.Nodes)), domains: map[string]*domains{}}
	for i := range w.Nodes {
		p.seats[i] = seat{Node: &w.Nodes[i]}
	}
	var rules []*rule
	for i := range policies {
		rules = append(rules, p.prepare(&policies[i], policies[i].Owner()))
	}
	slices.SortFunc(rules, byWish)
	var names []string
	for i := range w.Content.Latest() {
		names = append(names, i.Name)
	}
	slices.Sort(names)
	return contradictions(rules, names)
}

func contradictions(rules []*rule, names []string) (all []Contradiction) {
	for i, a := range rules {
		for _, b := range rules[i+1:] {
			why := disagreement(a, b)
			if why == "" || !sameNode(a, b) {
				continue
			}
			if name, both := sameImage(a, b, names); both {
				all = append(all, Contradiction{a.Policy.Name, b.Policy.Name, fmt.Sprintf("%s and %s are both for %s, and %s", a.Policy.Name, b.Policy.Name, name, why)})
			}
		}
	}
	return all
}

func disagreement(a, b *rule) string {
	switch {
	case a.pins && !b.pins:
		return a.Policy.Name + " pins it and " + b.Policy.Name + " does not"
	case b.pins && !a.pins:
		return b.Policy.Name + " pins it and " + a.Policy.Name + " does not"
	case a.PullSecret != "" && b.PullSecret != "" && a.PullSecret != b.PullSecret:
		return "they have different pull secrets"
	}
	return ""
}

func sameNode(a, b *rule) bool {
	return slices.ContainsFunc(a.selected, func(i int) bool { return b.in[i] }) || reflect.DeepEqual(a.Select, b.Select)
}

func sameImage(a, b *rule, names []string) (name string, both bool) {
	candidates := slices.Concat(samples(a.Images), samples(b.Images), names)
	at := slices.IndexFunc(candidates, func(name string) bool { return a.names.match(name) && b.names.match(name) })
	if at < 0 {
		return "", false
	}
	return candidates[at], true
}
