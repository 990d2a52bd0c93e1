package helm

import (
	"testing"

	core "k8s.io/api/core/v1"

	"github.com/drayproject/dray/tracker/placement"
)

func TestTheTrackerReadsThePoliciesAsTheyAreInTheValues(t *testing.T) {
	objects, err := decode(valueSets(t)["everything.yaml"])
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		m, ok := o.(*core.ConfigMap)
		if !ok || m.Name != "dray-policies" {
			continue
		}
		policies, err := placement.ParsePolicies([]byte(m.Data["policies.yaml"]))
		if err != nil || len(policies) != 1 || policies[0].Budget.Rate != 125000000 || policies[0].Images[1] != "!docker.io/library/*:dev" {
			t.Errorf("it reads %+v, %v, in\n%s", policies, err, m.Data["policies.yaml"])
		}
		return
	}
	t.Error("there is no ConfigMap with policies")
}
