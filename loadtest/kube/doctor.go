package kube

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// finding is a result as "seeder doctor -o json" prints it.
type finding struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	What   string `json:"what"`
}

// examine asks the doctor in every seeder's pod. It has to find what was planted
// on the first node, and nothing else anywhere: not for what a pod can't see,
// either.
func (s *stage) examine() string {
	s.Helper()
	for node, pod := range s.seeders() {
		bad := s.diagnose(pod)
		isPlanted := func(f finding) bool { return strings.Contains(f.What, plantedNames) }
		if i := slices.IndexFunc(bad, func(f finding) bool { return !isPlanted(f) }); i >= 0 {
			s.Fatalf("the doctor on %s says %+v", node, bad[i])
		}
		found := slices.ContainsFunc(bad, func(f finding) bool { return strings.Contains(f.What, broken) })
		if first := node == s.nodes[0]; found != first {
			s.Fatalf("the doctor on %s: %+v; the broken hosts.toml is there: %v", node, bad, first)
		}
	}
	return fmt.Sprintf("`seeder doctor` finds the hosts.toml that somebody has broken on %s, and nothing on the others", s.nodes[0])
}

// diagnose returns all that is not well.
func (s *stage) diagnose(pod string) []finding {
	s.Helper()
	out, err := s.ctl("-n", namespace, "exec", pod, "-c", "seeder", "--", "/seeder", "doctor", "-o", "json")
	var all []finding
	if bad := json.Unmarshal([]byte(out), &all); bad != nil || len(all) == 0 {
		s.Fatalf("the doctor in %s: %v: %v\n%s", pod, err, bad, out)
	}
	return slices.DeleteFunc(all, func(f finding) bool { return f.Status == "ok" })
}
