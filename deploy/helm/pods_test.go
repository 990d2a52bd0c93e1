package helm

import (
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
					if host[m.Name] && !m.ReadOnly && (m.MountPath != "/host/certs.d" || c.Name == "seeder") {
						t.Errorf("%s/%s may write to the node's %s", pod.name, c.Name, m.Name)
					}
				}
			}
		}
	})
}

// The doctor compares paths in containerd's configuration with its own.
func TestTheSeederSeesContainerdsFoldersUnderTheirOwnNames(t *testing.T) {
	each(t, func(t *testing.T, objects []any) {
		for _, pod := range templates(objects) {
			for _, c := range pod.spec.Containers {
				for _, m := range c.VolumeMounts {
					for _, v := range pod.spec.Volumes {
						if c.Name == "seeder" && v.Name == m.Name && v.HostPath != nil && m.MountPath != v.HostPath.Path && v.Name != "containerd-run" {
							t.Errorf("%s is at %s", v.HostPath.Path, m.MountPath)
						}
					}
				}
			}
		}
	})
}

func TestCertsAreShownToTheDoctorWhereverTheyAre(t *testing.T) {
	for configFile, want := range map[string][]string{
		"":                         {"/etc/containerd"},
		"/etc/containerd/c.toml":   {"/etc/containerd"},
		"/etc/other/config.toml":   {"/etc/other", "/etc/containerd/certs.d"},
		"/etc/contain/config.toml": {"/etc/contain", "/etc/containerd/certs.d"},
	} {
		out, err := render(t, "--set", "seeder.containerd.configFile="+configFile)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := decode(out)
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		for _, pod := range templates(objects) {
			for _, c := range pod.spec.Containers {
				for _, m := range c.VolumeMounts {
					if c.Name == "seeder" && strings.HasPrefix(m.MountPath, "/etc/") {
						seen = append(seen, m.MountPath)
					}
				}
			}
		}
		if !slices.Equal(seen, want) {
			t.Errorf("configuration in %q: it sees %v, want %v", configFile, seen, want)
		}
	}
}

func TestEveryVariableIsASettingOfTheProgram(t *testing.T) {
	known := map[string][]string{"tracker": variables(tracker.Default()), "seeder": append(variables(seeder.Default()), "DRAY_ADMIN_TOKEN")} // for "seeder kube drain"
	each(t, func(t *testing.T, objects []any) {
		for _, o := range objects {
			if m, ok := o.(*core.ConfigMap); ok && m.Name == "dray-"+m.Labels["app.kubernetes.io/component"] {
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
