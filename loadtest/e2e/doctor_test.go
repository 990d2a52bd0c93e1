package e2e

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// finding is a result as "seeder doctor -o json" prints it.
type finding struct {
	Check, Status, What, Why, Fix string
}

// ward is a node with all registries at its mirror, and its doctor.
type ward struct {
	*node
	certs, config string // containerd's
}

func newWard(t *testing.T) *ward {
	t.Helper()
	c := newSite(t)
	c.tracker = c.startTracker("tracker")
	c.trackers = []*tracker{c.tracker}
	n := c.addNode()
	dir := filepath.Dir(n.Socket)
	w := &ward{node: n, certs: filepath.Join(dir, "certs.d"), config: filepath.Join(dir, "config.toml")}
	n.Mirror("_default", "", testbed.MirrorURL)
	return w
}

// examine returns what is not well, and the exit status.
func (w *ward) examine(flags ...string) (bad []finding, status int) {
	w.cluster.t.Helper()
	args := append([]string{"-o=json"}, flags...)
	if !strings.Contains(strings.Join(flags, ""), "--trackers") {
		args = append(args, "--trackers="+w.cluster.tracker.host.At(testbed.TrackerPort))
	}
	p := w.cluster.Doctor(w.Containerd, args...)
	var all []finding
	if err := json.NewDecoder(bytes.NewReader(p.Log())).Decode(&all); err != nil {
		w.cluster.t.Fatalf("%v in\n%s", err, p.Log())
	}
	return slices.DeleteFunc(all, func(f finding) bool { return f.Status == "ok" }), p.ExitCode()
}

// reconfigure has containerd restart with another line in its configuration.
func (w *ward) reconfigure(old, line string) {
	w.cluster.t.Helper()
	text, err := os.ReadFile(w.config)
	if err != nil || !bytes.Contains(text, []byte(old)) {
		w.cluster.t.Fatalf("%q is not in %s: %v", old, w.config, err)
	}
	text = bytes.Replace(text, []byte(old), []byte(line), 1)
	if err := os.WriteFile(w.config, text, 0o600); err != nil {
		w.cluster.t.Fatal(err)
	}
	w.Stop()
	w.Containerd.Start()
}

func (w *ward) writeHosts(registry, text string) {
	w.cluster.t.Helper()
	dir := filepath.Join(w.certs, registry)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.cluster.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "hosts.toml"), []byte(text), 0o600); err != nil {
		w.cluster.t.Fatal(err)
	}
}

func TestDoctorFindsNothingOnAHealthyNodeAndLeavesNothingBehind(t *testing.T) {
	testbed.Require(t)
	t.Parallel()
	w := newWard(t)
	bad, status := w.examine()
	if len(bad) > 0 || status != 0 {
		t.Errorf("a healthy node: status %d, %+v", status, bad)
	}
	w.cluster.Eventually(soon, "the probe is gone", func() bool { return len(w.Blobs()) == 0 })
}

func TestASeederExaminesItsNodeWhenItStarts(t *testing.T) {
	testbed.Require(t)
	t.Parallel()
	w := newWard(t)
	w.seeder.Terminate(soon)
	w.flags = []string{"--doctor=true"}
	w.startSeeder()
	w.seeder.WaitLog(`msg="doctor is content" check=address`, time.Minute)
	if bytes.Contains(w.seeder.Log(), []byte("doctor found")) {
		t.Errorf("a healthy node:\n%s", w.seeder.Log())
	}
	w.seeder.Terminate(soon)
	w.writeHosts("_default", "")
	w.writeHosts(registryName, "")
	w.startSeeder()
	w.seeder.WaitLog(`msg="doctor found a fault" check=mirror`, time.Minute)
}

// Every fault is planted on a node of its own, found, and named with its cure.
func TestDoctorFindsEachFault(t *testing.T) {
	testbed.Require(t)
	for name, c := range map[string]struct {
		plant func(*ward)
		flags []string
		check string
		fix   string // part of it
	}{
		"containerd is down": {
			plant: func(w *ward) { w.Stop() }, check: "containerd", fix: "systemctl status containerd",
		},
		"config_path is not set": {
			plant: func(w *ward) { w.reconfigure("config_path", "#config_path") }, check: "config-path", fix: `config_path = "/etc/containerd/certs.d"`,
		},
		"config_path is a list": {
			plant: func(w *ward) { w.reconfigure(`certs.d"`, `certs.d:/etc/docker/certs.d"`) }, check: "config-path", fix: "config_path = ",
		},
		"layers are discarded": {
			plant: func(w *ward) {
				w.reconfigure("  snapshotter =", "  discard_unpacked_layers = true\n  snapshotter =")
			}, check: "discard-unpacked-layers", fix: "discard_unpacked_layers = false",
		},
		"an import discards layers": {
			plant: func(w *ward) {
				extra := filepath.Join(filepath.Dir(w.config), "eks.toml")
				text := "version = 3\n[plugins.\"io.containerd.cri.v1.images\"]\n  discard_unpacked_layers = true\n"
				if err := os.WriteFile(extra, []byte(text), 0o600); err != nil {
					w.cluster.t.Fatal(err)
				}
				w.reconfigure("version = 3", "version = 3\nimports = [\""+extra+"\"]")
			}, check: "discard-unpacked-layers", fix: "discard_unpacked_layers = false",
		},
		"wrong content path": {
			flags: []string{"--containerd-content-path=/nowhere"}, check: "content-path", fix: "--containerd-content-path=",
		},
		"the seeder is down": {
			plant: func(w *ward) { w.seeder.Kill() }, check: "ports", fix: "start the seeder",
		},
		"another program has the mirror's port": {
			plant: func(w *ward) {
				w.seeder.Kill()
				w.Host.Serve("127.0.0.1:5001", http.NotFoundHandler())
			}, check: "ports", fix: "ss -ltnp",
		},
		"no hosts.toml": {
			plant: func(w *ward) { w.writeHosts("_default", ""); w.writeHosts(registryName, "") }, check: "mirror", fix: "seeder hosts install --path",
		},
		"a registry leaves the mirror out": {
			plant: func(w *ward) { w.writeHosts("docker.io", "server = \"https://registry-1.docker.io\"\n") }, check: "mirror", fix: "seeder hosts install --path",
		},
		"broken hosts.toml": {
			plant: func(w *ward) { w.writeHosts("_default", "[host\n") }, check: "mirror", fix: "mend the file",
		},
		"hosts.toml names the mirror without the right to pull": {
			plant: func(w *ward) {
				w.writeHosts("_default", "[host.\""+testbed.MirrorURL+"\"]\ncapabilities = [\"push\"]\n")
			}, check: "mirror", fix: "seeder hosts install --path",
		},
		"no tracker is set": {
			flags: []string{"--trackers="}, check: "trackers", fix: "--trackers=",
		},
		"a tracker is down": {
			flags: []string{"--trackers=127.0.0.1:1"}, check: "trackers", fix: "curl",
		},
		"a tracker's name does not resolve": {
			flags: []string{"--trackers=dns:tracker.invalid:7070"}, check: "trackers", fix: "DNS",
		},
		"the clock is an hour behind": {
			plant: func(w *ward) {
				w.Host.Serve("127.0.0.1:7070", http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
					rw.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
					_, _ = rw.Write([]byte(`{"handouts":[[]]}`))
				}))
			}, flags: []string{"--trackers=127.0.0.1:7070"}, check: "clock", fix: "timedatectl",
		},
		"neighbours are sent to loopback": {
			plant: func(w *ward) { w.restartSeeder("--advertise=127.0.0.1:5002") }, check: "address", fix: "--advertise",
		},
		"neighbours are sent to where nobody is": {
			plant: func(w *ward) { w.restartSeeder("--advertise=" + w.Host.At(5999)) }, check: "address", fix: "--advertise",
		},
		"no tracker has heard of the node": {
			plant: func(w *ward) { w.cluster.tracker = w.cluster.startTracker("stranger") }, check: "address", fix: "--node-name",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWard(t)
			if c.plant != nil {
				c.plant(w)
			}
			bad, status := w.examine(c.flags...)
			found := slices.ContainsFunc(bad, func(f finding) bool {
				return f.Check == c.check && f.Status == "fault" && f.Why != "" && strings.Contains(f.Fix, c.fix)
			})
			if !found || status != 1 {
				t.Errorf("status %d; not found, with %q: %+v", status, c.fix, bad)
			}
		})
	}
}

func (w *ward) restartSeeder(flags ...string) {
	w.cluster.t.Helper()
	w.seeder.Terminate(soon)
	w.flags = flags
	w.startSeeder()
}
