package helm

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	strict "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// types are the Kubernetes API's own, of the version in go.mod, and those of
// the Prometheus operator.
var types = map[string]func() any{
	"apps/v1 DaemonSet":                               func() any { return new(apps.DaemonSet) },
	"apps/v1 Deployment":                              func() any { return new(apps.Deployment) },
	"apps/v1 StatefulSet":                             func() any { return new(apps.StatefulSet) },
	"autoscaling/v2 HorizontalPodAutoscaler":          func() any { return new(autoscaling.HorizontalPodAutoscaler) },
	"batch/v1 Job":                                    func() any { return new(batch.Job) },
	"monitoring.coreos.com/v1 PodMonitor":             func() any { return new(monitoring.PodMonitor) },
	"monitoring.coreos.com/v1 PrometheusRule":         func() any { return new(monitoring.PrometheusRule) },
	"networking.k8s.io/v1 NetworkPolicy":              func() any { return new(networking.NetworkPolicy) },
	"policy/v1 PodDisruptionBudget":                   func() any { return new(policy.PodDisruptionBudget) },
	"rbac.authorization.k8s.io/v1 ClusterRole":        func() any { return new(rbac.ClusterRole) },
	"rbac.authorization.k8s.io/v1 Role":               func() any { return new(rbac.Role) },
	"rbac.authorization.k8s.io/v1 RoleBinding":        func() any { return new(rbac.RoleBinding) },
	"rbac.authorization.k8s.io/v1 ClusterRoleBinding": func() any { return new(rbac.ClusterRoleBinding) },
	"v1 ConfigMap":                                    func() any { return new(core.ConfigMap) },
	"v1 Pod":                                          func() any { return new(core.Pod) },
	"v1 Service":                                      func() any { return new(core.Service) },
	"v1 ServiceAccount":                               func() any { return new(core.ServiceAccount) },
}

// decode reads rendered manifests into their types. A field that the type does
// not have, and one that is there twice, is an error.
func decode(manifests []byte) (objects []any, err error) {
	for doc := range bytes.SplitSeq(manifests, []byte("\n---\n")) {
		text, err := yaml.YAMLToJSONStrict(doc)
		if err != nil {
			return nil, fmt.Errorf("%w in:\n%s", err, doc)
		}
		if string(text) == "null" {
			continue
		}
		object, err := typed(text)
		if err != nil {
			return nil, fmt.Errorf("%w in:\n%s", err, doc)
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func typed(text []byte) (any, error) {
	var head struct{ APIVersion, Kind string }
	if err := yaml.Unmarshal(text, &head); err != nil {
		return nil, err
	}
	make, known := types[head.APIVersion+" "+head.Kind]
	if !known {
		return nil, fmt.Errorf("%s %s is not among the types", head.APIVersion, head.Kind)
	}
	object := make()
	wrong, err := strict.UnmarshalStrict(text, object)
	if len(wrong) > 0 {
		err = fmt.Errorf("%s: %v", head.Kind, wrong)
	}
	return object, err
}

// each decodes every value set and gives its objects to the function.
func each(t *testing.T, look func(t *testing.T, objects []any)) {
	t.Helper()
	for name, manifests := range valueSets(t) {
		t.Run(name, func(t *testing.T) {
			objects, err := decode(manifests)
			if err != nil {
				t.Fatal(err)
			}
			look(t, objects)
		})
	}
}

func TestManifestsAreWhatKubernetesKnows(t *testing.T) {
	each(t, func(t *testing.T, objects []any) {
		if len(objects) < 8 {
			t.Errorf("only %d objects", len(objects))
		}
	})
}

func TestAFieldThatKubernetesDoesNotKnowIsFound(t *testing.T) {
	for _, manifest := range []string{
		"apiVersion: v1\nkind: Service\nspec: {clusterip: None}",
		"apiVersion: v1\nkind: Service\nspec: {ports: [{port: admin}]}",
		"apiVersion: v1\nkind: Service\nkind: Service",
		"apiVersion: v2\nkind: Service",
	} {
		if _, err := decode([]byte(manifest)); err == nil {
			t.Errorf("nothing is wrong with %q", strings.ReplaceAll(manifest, "\n", " "))
		}
	}
}

// template is a pod with the selector that has to find it.
type template struct {
	name     string
	selector map[string]string
	labels   map[string]string
	spec     core.PodSpec
}

func templates(objects []any) (all []template) {
	for _, o := range objects {
		switch o := o.(type) {
		case *apps.Deployment:
			all = append(all, template{o.Name, o.Spec.Selector.MatchLabels, o.Spec.Template.Labels, o.Spec.Template.Spec})
		case *apps.DaemonSet:
			all = append(all, template{o.Name, o.Spec.Selector.MatchLabels, o.Spec.Template.Labels, o.Spec.Template.Spec})
		case *apps.StatefulSet:
			all = append(all, template{o.Name, o.Spec.Selector.MatchLabels, o.Spec.Template.Labels, o.Spec.Template.Spec})
		case *batch.Job:
			all = append(all, template{o.Name, nil, o.Spec.Template.Labels, o.Spec.Template.Spec})
		case *core.Pod:
			all = append(all, template{o.Name, nil, o.Labels, o.Spec})
		}
	}
	return all
}

func containers(spec core.PodSpec) []core.Container {
	return append(spec.InitContainers[:len(spec.InitContainers):len(spec.InitContainers)], spec.Containers...)
}
