package admincmd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/admin"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placer"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/swarm"
)

const (
	patience = 20 * time.Second
	token    = "a token for tests"
)

var one, two = digest.FromString("1"), digest.FromString("2")

// bed is the admin API of a cluster: n1 holds one and two, n2 holds one and is
// fetching two, both ready; gone has left.
type bed struct {
	*admin.Admin
	server *httptest.Server
	roster *roster.Roster
}

// flows have n2 fetch two from n1, and a waiter.
type flows struct{}

func (flows) Flowing() []admin.SwarmItem {
	return []admin.SwarmItem{{Digest: two, Size: 2048, Nodes: 3, Leases: 1}}
}

func (flows) Flow(d digest.Digest) (f admin.Flow) {
	if d == two {
		f.Size = 2048
		f.Nodes = []admin.Partial{{Node: "n2", Parent: "n1", Offset: 512}, {Node: "n4", Parent: "n2", Depth: 1}, {Node: "n5", Parent: ""}}
		f.Leases = []admin.Lease{{Node: "n5"}}
	}
	return f
}

func newBed(t *testing.T) *bed {
	t.Helper()
	log := events.NewLog(100)
	pulls := events.NewPulls(log)
	x, discard := index.New(), slog.New(slog.DiscardHandler)
	r := roster.New(roster.Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: time.Minute}, log, discard)
	for name, digests := range map[string][]digest.Digest{"n1": {one, two}, "n2": {one}, "gone": {one}} {
		n, _, err := r.Register(trackerapi.Node{Name: name, Epoch: 1, Addr: "10.0.0.1:5002", Zone: "zone-of-" + name})
		if err != nil {
			t.Fatal(err)
		}
		image := trackerapi.Image{Name: "registry.example/app:1", Digest: one, UpdatedAt: time.Unix(1, 0)}
		x.Apply(n.Ordinal(), &trackerapi.AnnounceRequest{Whole: true, Seq: 1, Add: digests, Images: []trackerapi.Image{image}})
	}
	if err := r.Leave(trackerapi.Sender{Node: "gone", Epoch: 1}); err != nil {
		t.Fatal(err)
	}
	pulls.Hear("n2", []trackerapi.Ingest{{Digest: one, Offset: 9, Size: 9, Parent: "n1", Ended: true}, {Digest: two, Offset: 512, Size: 2048, Parent: "n1"}}, false)
	places, err := placer.New(placer.Parts{Desk: journal.NewLocal().Desk("t"), ID: "t", Index: x, Roster: r, Events: log}, discard)
	if err != nil {
		t.Fatal(err)
	}
	a := admin.New(admin.Parts{
		Placer: places, Index: x, Roster: r, Swarm: swarm.New(x, r), Flows: flows{}, Log: log, Pulls: pulls,
		Metrics: prometheus.NewRegistry(), Token: token,
	}, discard)
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(a.Stop)
	t.Setenv("DRAY_ADMIN_ADDRESS", server.URL)
	t.Setenv("DRAY_ADMIN_TOKEN", token)
	return &bed{a, server, r}
}

// output is for a command that writes while the test reads.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// tracker is the program, with the arguments behind "admin".
func tracker(out *output, args ...string) *cobra.Command {
	root := &cobra.Command{Use: "tracker", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(New())
	root.SetArgs(append([]string{"admin"}, args...))
	root.SetOut(out)
	root.SetErr(out)
	return root
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out := new(output)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := tracker(out, args...).ExecuteContext(ctx)
	return out.String(), err
}

func TestEveryCommandShowsItsAnswer(t *testing.T) {
	newBed(t)
	for args, words := range map[string]string{
		"summary":                      "2 ready|1 draining|2 digests",
		"hour":                         "hour|521 B|100.0%|P95",
		"zones":                        "zone-of-n1|ZONE",
		"nodes":                        "n1|n2|gone|draining|NODE",
		"nodes --state ready":          "n1|n2",
		"nodes -o wide":                "10.0.0.1:5002|ADDRESS",
		"nodes --zone zone-of-n1 -n1":  "n1",
		"node n1":                      "register|2 digests",
		"node n2":                      "25%|n1 512 B",
		"inventory n1":                 string(one) + "|" + string(two),
		"digest " + string(one):        "registry.example/app:1|zone-of-n2",
		"holders " + string(one):       "n1|n2|gone",
		"swarm " + string(two):         "n1\n|  n2|    n4|(origin)|  n5|25%",
		"swarms":                       two.Encoded()[:12],
		"images":                       "registry.example/app:1",
		"image registry.example/app:1": string(one) + "|3 nodes",
		"explain n2 " + string(two):    "n1|handed out|far",
		"at-risk":                      two.Encoded()[:12] + "|1 digest,",
		"what-if --node n1":            "2 digests, 1 without",
		"verdicts":                     "leave|draining",
		"verdicts --node n1":           "register",
		"pulls":                        "complete|n1 9 B",
		"running":                      "n2|25%",
	} {
		out, err := run(t, strings.Fields(args)...)
		if err != nil {
			t.Errorf("%s: %v", args, err)
		}
		for word := range strings.SplitSeq(words, "|") {
			if !strings.Contains(out, word) {
				t.Errorf("%s does not show %q:\n%s", args, word, out)
			}
		}
		if strings.Contains(out, "\x1b") {
			t.Errorf("%s has colours where there is no terminal: %q", args, out)
		}
	}
}

func TestDrainAndUndrainSeveral(t *testing.T) {
	b := newBed(t)
	for _, c := range []struct {
		verb string
		want roster.State
	}{{"drain", roster.Draining}, {"undrain", roster.Ready}} {
		out, err := run(t, c.verb, "n1", "n2")
		if err != nil || strings.Count(out, c.want.String()) != 2 || b.roster.ByName("n2").State() != c.want {
			t.Errorf("%s: %v\n%s", c.verb, err, out)
		}
	}
}

func TestFiltersLeaveOthersOut(t *testing.T) {
	newBed(t)
	for args, word := range map[string]string{
		"nodes --state ready": "gone", "nodes -n1": "n2", "nodes --name n1": "n2", "verdicts --node n1": "n2", "pulls --state lost": "complete",
	} {
		if out, err := run(t, strings.Fields(args)...); err != nil || strings.Contains(out, word) {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

func TestMachinesGetTheFieldsOfTheAPI(t *testing.T) {
	newBed(t)
	for form, decode := range map[string]func([]byte, any) error{
		"json": json.Unmarshal,
		"yaml": func(b []byte, v any) error { return yaml.UnmarshalWithOptions(b, v, yaml.UseJSONUnmarshaler()) },
	} {
		out, err := run(t, "nodes", "-o", form)
		var nodes admin.Nodes
		if err != nil || decode([]byte(out), &nodes) != nil || len(nodes.Items) != 3 || nodes.Items[1].Name != "n1" || nodes.Items[1].Digests != 2 {
			t.Errorf("%s: %v\n%s", form, err, out)
		}
	}
}

func TestScriptsGoByTheExitCode(t *testing.T) {
	b := newBed(t)
	for args, want := range map[string]int{
		"nodes":                     0,
		"at-risk":                   0,
		"at-risk --fail":            AtRisk,
		"at-risk --fail --copies 1": 0,
		"what-if --fail --node n1":  AtRisk,
		"node nobody":               Unknown,
		"inventory nobody":          Unknown,
		"digest " + string(digest.FromString("3")): Unknown,
		"image none":                         Unknown,
		"drain nobody":                       Unknown,
		"digest nonsense":                    Usage,
		"nodes --state happy":                Usage,
		"nodes --colour red":                 Usage,
		"nodes surplus":                      Usage,
		"node":                               Usage,
		"nodes -o xml":                       Usage,
		"nodes --admin-address :::":          Usage,
		"nodes --admin-token-file /nowhere":  Usage,
		"what-if":                            Usage,
		"nodes --admin-token wrong":          Forbidden,
		"drain n1 --admin-token wrong":       Forbidden,
		"nodes --admin-address 127.0.0.1:1":  Unreachable,
		"events --admin-address 127.0.0.1:1": Unreachable,
	} {
		_, err := run(t, strings.Fields(args)...)
		got := 0
		if f, ok := errors.AsType[Failure](err); ok {
			got = f.ExitCode()
		} else if err != nil {
			got = Other
		}
		if got != want {
			t.Errorf("%s: exit code %d (%v); want %d", args, got, err, want)
		}
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("%s tells the token: %v", args, err)
		}
	}
	if s := b.roster.ByName("n1").State(); s != roster.Ready {
		t.Errorf("n1 is %s", s)
	}
}

func TestSettingsComeFromAFileToo(t *testing.T) {
	b := newBed(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("token", token+"\n")
	config := write("admin.yaml", "admin-address: "+b.server.URL+"\nadmin-token-file: "+secret+"\n")
	t.Setenv("DRAY_ADMIN_ADDRESS", "")
	t.Setenv("DRAY_ADMIN_TOKEN", "")
	if out, err := run(t, "nodes", "--config", config); err != nil || !strings.Contains(out, "n1") {
		t.Errorf("%v\n%s", err, out)
	}
	if _, err := run(t, "nodes", "--config", write("bad.yaml", "surprise: 1\n")); err == nil {
		t.Error("an unknown key was taken")
	}
}

func TestShellsCompleteLiveNames(t *testing.T) {
	newBed(t)
	for args, want := range map[string]string{
		"node |":                 "gone n1 n2",
		"node n|":                "n1 n2",
		"drain n1 |":             "gone n2",
		"image reg|":             "registry.example/app:1",
		"nodes --state |":        "joining ready suspect dead draining gone",
		"nodes --output |":       "table wide json yaml",
		"explain n|":             "n1 n2",
		"node --admin-token x |": "",
	} {
		words := strings.Split(strings.TrimSuffix(args, "|"), " ")
		out := new(output)
		cmd := tracker(out)
		cmd.SetArgs(append([]string{"__completeNoDesc", "admin"}, words...))
		if err := cmd.Execute(); err != nil {
			t.Errorf("%s: %v", args, err)
		}
		found, _, _ := strings.Cut(out.String(), ":")
		if args == "image reg|" {
			found, _, _ = strings.Cut(out.String(), "\n:")
		}
		if got := strings.Join(strings.Fields(found), " "); got != want {
			t.Errorf("%s: %q; want %q", args, got, want)
		}
	}
}

// until polls until the command has written this.
func until(t *testing.T, out *output, what string, times int) {
	t.Helper()
	for begin := time.Now(); strings.Count(out.String(), what) < times; <-time.After(5 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("%q is not there %d times:\n%s", what, times, out)
		}
	}
}

func TestWatchShowsItAgainAndGetsOverFaults(t *testing.T) {
	b := newBed(t)
	ctx, stop := context.WithCancel(t.Context())
	out, ended := new(output), make(chan error, 1)
	go func() { ended <- tracker(out, "node", "n1", "--watch=10ms").ExecuteContext(ctx) }()
	until(t, out, "ready", 3)
	b.server.Close()
	until(t, out, "refused", 1)
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestEventsAreFollowed(t *testing.T) {
	b := newBed(t)
	for form, want := range map[string]string{"table": "n1 is draining (drain)", "json": `{"event":"verdict","data":{"id":`} {
		ctx, stop := context.WithCancel(t.Context())
		out, ended := new(output), make(chan error, 1)
		go func() { ended <- tracker(out, "events", "--after", "1", "-o", form).ExecuteContext(ctx) }()
		if _, err := b.roster.Drain("n1"); err != nil {
			t.Fatal(err)
		}
		until(t, out, want, 1)
		stop()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if _, err := b.roster.Undrain("n1"); err != nil {
			t.Fatal(err)
		}
	}
}
