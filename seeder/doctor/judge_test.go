package doctor

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// good is how a node should be set up.
func good() settings {
	return settings{plugin: imagesPlugin, served: true, configPath: "/etc/containerd/certs.d", snapshotter: "overlayfs"}
}

func TestOnlyWhatIsWrongIsAFault(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*settings)
		fault  string // empty: none
		fix    string
	}{
		"nothing":                    {change: func(*settings) {}},
		"the snapshotter's default":  {change: func(s *settings) { s.snapshotter = "" }},
		"no folder":                  {change: func(s *settings) { s.configPath = "" }, fault: checkConfigPath, fix: `[plugins."io.containerd.cri.v1.images".registry]`},
		"no folder, before 3":        {change: func(s *settings) { s.configPath, s.plugin = "", criPlugin }, fault: checkConfigPath, fix: `[plugins."io.containerd.grpc.v1.cri".registry]`},
		"two folders":                {change: func(s *settings) { s.configPath = "/a:/b" }, fault: checkConfigPath, fix: `config_path = "/a"`},
		"two folders, pulled by CRI": {change: func(s *settings) { s.configPath, s.local = "/a:/b", true }},
		"in place":                   {change: func(s *settings) { s.inline = true }, fault: checkConfigPath, fix: "hosts.toml"},
		"no CRI":                     {change: func(s *settings) { s.served = false }, fault: checkConfigPath, fix: "disabled_plugins"},
		"discarded":                  {change: func(s *settings) { s.discard = true }, fault: checkDiscard, fix: "[plugins.\"io.containerd.cri.v1.images\"]\n"},
		"discarded, before 3":        {change: func(s *settings) { s.discard, s.plugin = true, criPlugin }, fault: checkDiscard, fix: `[plugins."io.containerd.grpc.v1.cri".containerd]`},
		"lazy":                       {change: func(s *settings) { s.snapshotter = "soci" }, fault: checkSnapshotter, fix: `snapshotter = "overlayfs"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := good()
			c.change(&s)
			all := judge(&s)
			wellFormed(t, all)
			for _, r := range all {
				if r.Check == c.fault {
					if r.Status != Fault || !strings.Contains(r.Fix, c.fix) {
						t.Errorf("got %+v; want a fault with %q", r, c.fix)
					}
				} else if r.Status != OK {
					t.Errorf("got %+v; want nothing", r)
				}
			}
		})
	}
}

func TestVersions(t *testing.T) {
	for v, want := range map[string]Status{
		"v2.4.2": OK, "2.1.0": OK, "v2.0.7": OK, "v2.0.6": Fault, "1.7.28": Fault, "v2.2.0-rc.1+unknown": OK, "": Unknown, "latest": Unknown,
	} {
		if r := judgeVersion(v); r.Status != want {
			t.Errorf("%q: %+v; want %s", v, r, want)
		}
	}
}

func TestClocks(t *testing.T) {
	for skew, want := range map[time.Duration]string{
		0: "agrees", time.Second: "agrees", -5 * time.Second: "agrees", time.Minute: "1m0s behind", -time.Hour: "1h0m0s ahead of",
	} {
		if r := judgeClock("http://t", skew); !strings.Contains(r.What, want) {
			t.Errorf("%s: %q; want %q", skew, r.What, want)
		}
	}
}

func TestTheMirrorBelongsOnLoopback(t *testing.T) {
	for addr, want := range map[string]Status{
		"127.0.0.1:5001": OK, "[::1]:5001": OK, "localhost:5001": OK, ":5001": Fault, "0.0.0.0:5001": Fault, "10.0.0.1:5001": Fault,
	} {
		if r := judgeMirrorAddr(addr, false); r.Status != want {
			t.Errorf("%s: %+v; want %s", addr, r, want)
		}
		if r := judgeMirrorAddr(addr, true); r.Status != OK {
			t.Errorf("%s, where others are kept away: %+v", addr, r)
		}
	}
}

func TestAddressesAreAskedAsTheyCanBeReached(t *testing.T) {
	for addr, want := range map[string]string{
		":5001": "127.0.0.1:5001", "0.0.0.0:5001": "127.0.0.1:5001", "[::]:5001": "127.0.0.1:5001",
		"10.0.0.1:5001": "10.0.0.1:5001", "[10.0.0.1]:5001": "10.0.0.1:5001", "[fd00::1]:5001": "[fd00::1]:5001", "nonsense": "nonsense",
	} {
		if got := within(addr); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

func TestTheConfigurationFileIsFoundOnACommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"containerd": "", "containerd --config /a": "/a", "containerd -c /a": "/a", "containerd --config=/a": "/a",
		"containerd -l debug -c=/a": "/a", "containerd config": "", "containerd --config": "",
	} {
		if got := configFlag(strings.Fields(line)); got != want {
			t.Errorf("%q: %q; want %q", line, got, want)
		}
	}
}

func TestSurveyTellsWhichRegistriesHaveTheMirror(t *testing.T) {
	const (
		ours   = "[host.\"http://127.0.0.1:5001\"]\n"
		theirs = "[host.\"https://mirror.example\"]\n"
	)
	for name, c := range map[string]struct {
		files      map[string]string // a folder with a hosts.toml; with no text, a file
		registries []string
		faults     []string // part of each
	}{
		"nothing":           {faults: []string{"no hosts.toml"}},
		"things beside":     {files: map[string]string{"_default": ours, "README": "", ".git": "x"}, registries: []string{nowhere}},
		"all registries":    {files: map[string]string{"_default": ours}, registries: []string{nowhere}},
		"some registries":   {files: map[string]string{"ghcr.io": ours, "docker.io": theirs}, registries: []string{"ghcr.io"}},
		"one left out":      {files: map[string]string{"_default": ours, "docker.io": theirs}, registries: []string{nowhere}, faults: []string{"docker.io"}},
		"with a port":       {files: map[string]string{"a.example_5000_": ours}, registries: []string{"a.example:5000"}},
		"only others":       {files: map[string]string{"_default": theirs}, faults: []string{"no hosts.toml"}},
		"one can't be read": {files: map[string]string{"_default": ours, "ghcr.io": "[host"}, registries: []string{nowhere}, faults: []string{"ghcr.io/hosts.toml"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for registry, text := range c.files {
				if text == "" {
					if err := os.WriteFile(filepath.Join(dir, registry), nil, 0o600); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if err := os.Mkdir(filepath.Join(dir, registry), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, registry, "hosts.toml"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			registries, found := survey(dir, "127.0.0.1:5001")
			wellFormed(t, found)
			if !slices.Equal(registries, c.registries) || len(found) != len(c.faults) {
				t.Fatalf("got %v, %+v; want %v, %v", registries, found, c.registries, c.faults)
			}
			for i, f := range found {
				if f.Status != Fault || !strings.Contains(f.What, c.faults[i]) {
					t.Errorf("got %+v; want %q", f, c.faults[i])
				}
			}
		})
	}
}

// From a container, containerd's folder may be out of sight.
func TestWhatCannotBeSurveyedIsTried(t *testing.T) {
	registries, found := survey(filepath.Join(t.TempDir(), "certs.d"), "127.0.0.1:5001")
	if !slices.Equal(registries, []string{nowhere}) || len(found) > 0 {
		t.Errorf("got %v, %+v", registries, found)
	}
}

func TestAPullThatCameThroughTheMirrorOutweighsWhatTheSettingsSay(t *testing.T) {
	s := good()
	s.configPath = ""
	for reached, want := range map[bool]Status{true: OK, false: Fault} {
		p := &patient{hasImage: reached}
		if r := p.relent([]Result{judgeConfigPath(&s)})[0]; r.Status != want || r.Check != checkConfigPath {
			t.Errorf("reached %v: %+v; want %s", reached, r, want)
		}
	}
}

func TestTheExitStatusIsThatOfTheWorst(t *testing.T) {
	for want, all := range map[int][]Result{
		0: {{Status: OK}}, 1: {{Status: Unknown}, {Status: Fault}, {Status: OK}}, 2: {{Status: OK}, {Status: Unknown}},
	} {
		got := 0
		if err := verdict(all); err != nil {
			d, _ := errors.AsType[diagnosis](err)
			got = d.ExitCode()
		}
		if got != want || Worst(all) != want {
			t.Errorf("%+v: %d and %d; want %d", all, got, Worst(all), want)
		}
	}
}

func TestResultsArePrinted(t *testing.T) {
	all := []Result{ok("a", "fine"), fault("b", "bad", "it hurts", "write\n  x = 1")}
	var text, doc bytes.Buffer
	if err := printText(&text, all); err != nil {
		t.Fatal(err)
	}
	const want = "ok       a                        fine\n" +
		"fault    b                        bad\n" +
		"         why: it hurts\n" +
		"         fix: write\n" +
		"           x = 1\n"
	if text.String() != want {
		t.Errorf("got\n%s\nwant\n%s", text.String(), want)
	}
	var back []Result
	if err := printJSON(&doc, all); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(doc.Bytes(), &back); err != nil || !slices.Equal(back, all) {
		t.Errorf("got %+v, %v", back, err)
	}
}
