package helm

import (
	"path"
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"

	seeder "github.com/drayproject/dray/seeder/app"
	tracker "github.com/drayproject/dray/tracker/app"
)

func TestSelectorsFindTheirPodsAndNoOthers(t *testing.T) {
	each(t, func(t *testing.T, objects []any) {
		all := templates(objects)
		for _, a := range all {
			for _, b := range all {
				if a.selector != nil && within(a.selector, b.labels) != (a.name == b.name) {
					t.Errorf("does %s select %s's pods? %v", a.name, b.name, a.name != b.name)
				}
			}
		}
		for _, o := range objects {
			if s, ok := o.(*core.Service); ok && !slices.ContainsFunc(all, func(p template) bool { return within(s.Spec.Selector, p.labels) }) {
				t.Errorf("the service %s leads nowhere", s.Name)
			}
		}
	})
}

func within(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return true
}

func TestContainersMayDoNoMoreThanTheyMust(t *testing.T) {
	each(t, func(t *testing.T, objects []any) {
		for _, pod := range templates(objects) {
			if pod.spec.SecurityContext.SeccompProfile == nil {
				t.Errorf("%s has no seccomp profile", pod.name)
			}
			for _, c := range containers(pod.spec) {
				s := c.SecurityContext
				if s == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || s.Privileged != nil || !slices.Contains(s.Capabilities.Drop, "ALL") {
					t.Errorf("%s/%s is not confined", pod.name, c.Name)
				}
			}
		}
	})
}

func TestOnlyWhoNeedsTheNodeIsRootThere(t *testing.T) {
	each(t, func(t *testing.T, objects []any) {
		for _, pod := range templates(objects) {
			hostPaths := slices.ContainsFunc(pod.spec.Volumes, func(v core.Volume) bool { return v.HostPath != nil })
			if root := *pod.spec.SecurityContext.RunAsUser == 0; root != hostPaths {
				t.Errorf("%s: root %v, folders of the node %v", pod.name, root, hostPaths)
			}
		}
	})
}

func TestOnlyCertsIsWritableOnTheNode(t *testing.T) {
	each(t, func(t *testing.T, objects []any) {
		for _, pod := range templates(objects) {
			host := map[string]bool{}
			for _, v := range pod.spec.Volumes {
				host[v.Name] = v.HostPath != nil
			}
			for _, c := range containers(pod.spec) {
				for _, m := range c.VolumeMounts {
					if host[m.Name] && !m.ReadOnly && path.Base(m.MountPath) != "certs.d" {
						t.Errorf("%s/%s may write to the node's %s", pod.name, c.Name, m.Name)
					}
				}
			}
		}
	})
}

func TestEveryVariableIsASettingOfTheProgram(t *testing.T) {
	known := map[string][]string{"tracker": variables(tracker.Default()), "seeder": variables(seeder.Default())}
	each(t, func(t *testing.T, objects []any) {
		for _, o := range objects {
			if m, ok := o.(*core.ConfigMap); ok && known[m.Labels["app.kubernetes.io/component"]] != nil {
				for key := range m.Data {
					if !slices.Contains(known[m.Labels["app.kubernetes.io/component"]], key) {
						t.Errorf("%s: %s is no setting", m.Name, key)
					}
				}
			}
		}
		for _, pod := range templates(objects) {
			for _, c := range pod.spec.Containers {
				checkVariables(t, c, known[c.Name])
			}
		}
	})
}

func checkVariables(t *testing.T, c core.Container, known []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, e := range c.Env {
		if seen[e.Name] {
			t.Errorf("%s has %s twice", c.Name, e.Name)
		}
		seen[e.Name] = true
		if known != nil && strings.HasPrefix(e.Name, "DRAY_") && !slices.Contains(known, e.Name) {
			t.Errorf("%s: %s is no setting", c.Name, e.Name)
		}
	}
}

func variables(cfg any) (names []string) {
	for _, key := range settings(cfg) {
		names = append(names, "DRAY_"+strings.ToUpper(strings.ReplaceAll(key, "-", "_")))
	}
	return names
}

// The pod that restores a node has to come to each that ever had a seeder.
func TestEveryNodeIsRestored(t *testing.T) {
	out, err := render(t, "--set", "seeder.nodeSelector.pool=some,seeder.tolerations=null")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := decode(out)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, pod := range templates(objects) {
		if pod.name != "dray-restore" || pod.selector == nil {
			continue
		}
		found = true
		if _, chosen := pod.spec.NodeSelector["pool"]; chosen {
			t.Error("it follows the seeder's selector")
		}
		if !slices.ContainsFunc(pod.spec.Tolerations, func(t core.Toleration) bool { return t.Operator == core.TolerationOpExists && t.Key == "" }) {
			t.Error("a taint keeps it away")
		}
	}
	if !found {
		t.Error("there is no such DaemonSet")
	}
}
