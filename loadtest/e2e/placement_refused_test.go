package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/tracker/admin"
)

// Policies that make no sense are refused with the field that is wrong; those
// that can't be had are shown with the reason.
func TestBadPoliciesAreRefusedOrShownWithTheReason(t *testing.T) {
	c, img, ref := newPlacing(t, imagekit.Spec{Seed: 830, Layers: []int64{10_000}})
	c.addZone("a", 2)
	c.nodes[0].pull(ref, img)
	for field, policy := range map[string]map[string]any{
		"strategies": {"name": "bad", "images": []string{"**"}, "factor": 1, "strategies": map[string]float64{"luck": 1}},
		"images":     {"name": "bad", "images": []string{"[a"}, "factor": 1},
		"factor":     {"name": "bad", "images": []string{"**"}, "factor": -1},
		"colour":     {"name": "bad", "images": []string{"**"}, "factor": 1, "colour": "red"},
	} {
		status, err := c.tracker.admin(http.MethodPut, "/policies/bad", policy, nil)
		if status != http.StatusUnprocessableEntity || !strings.Contains(err.Error(), "body."+field) {
			t.Errorf("%s: %d %v", field, status, err)
		}
	}
	put := func(name string, more map[string]any) {
		policy := map[string]any{"name": name, "images": []string{registryName + "/**"}, "factor": 2}
		for key, value := range more {
			policy[key] = value
		}
		c.tracker.want(http.MethodPut, "/policies/"+name, policy, nil)
	}
	put("many", map[string]any{"factor": 5})
	c.Eventually(placed, "it is said that there are too few nodes", func() bool {
		p := c.tracker.policy("many")
		return len(p.Have) == 2 && p.Missing == 3 && len(p.Reasons) > 0 && p.Reasons[0].Cause == "nodes"
	})
	t.Log(c.tracker.policy("many").Reasons)
	put("free", map[string]any{"pin": false})
	c.Eventually(placed, "the contradiction is shown", func() bool {
		var p admin.Placement
		c.tracker.want(http.MethodGet, "/placement", nil, &p)
		return len(p.Conflict) == 1 && strings.Contains(p.Conflict[0].Reason, registryName)
	})
}
