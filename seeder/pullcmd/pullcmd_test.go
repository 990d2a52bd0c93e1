package pullcmd

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/puller"
)

var (
	big   = digest.FromString("big")
	small = digest.FromString("small")
)

// story is what a seeder tells of a pull that goes well.
func story() []puller.Event {
	blob := func(b puller.Blob) puller.Event { return puller.Event{Type: puller.Progress, Blob: &b} }
	both := []puller.Source{{From: puller.FromOrigin, Bytes: 24 << 20}, {From: puller.FromPeer, Node: "node2", Bytes: 40 << 20}}
	return []puller.Event{
		{Type: puller.Resolved, Image: "docker.io/library/redis:7", Digest: big},
		blob(puller.Blob{Digest: small, Kind: "config", Size: 700, State: puller.Waiting}),
		blob(puller.Blob{Digest: big, Kind: "layer", Size: 64 << 20, State: puller.Waiting}),
		blob(puller.Blob{Digest: big, Kind: "layer", Size: 64 << 20, Offset: 64 << 20, State: puller.Pulling, Seconds: 1}),
		blob(puller.Blob{Digest: small, Kind: "config", Size: 700, Offset: 700, State: puller.Complete, Seconds: 0.1,
			Sources: []puller.Source{{From: puller.FromLocal, Bytes: 700}}}),
		blob(puller.Blob{Digest: big, Kind: "layer", Size: 64 << 20, Offset: 64 << 20, State: puller.Complete, Seconds: 2, Sources: both}),
		{Type: puller.Done, Image: "docker.io/library/redis:7", Digest: big, Totals: &puller.Totals{Seconds: 2, Sources: both}},
	}
}

// seeder answers a pull request with these events, and checks the request.
func seeder(t *testing.T, want puller.Request, events ...puller.Event) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var got puller.Request
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil || !reflect.DeepEqual(got, want) || r.URL.Path != puller.Path {
			t.Errorf("got %s %+v (%v), want %+v", r.URL.Path, got, err, want)
		}
		for _, e := range events {
			_ = json.NewEncoder(w).Encode(e)
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func run(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(io.Discard)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func TestPlainLinesSayWhereEachPartCameFrom(t *testing.T) {
	addr := seeder(t, puller.Request{Image: "redis:7"}, story()...)
	got, err := run(t, "redis:7", "--mirror", addr)
	if err != nil {
		t.Fatal(err)
	}
	want := "docker.io/library/redis:7 is " + string(big) + `
config    ` + short(small) + `       700 B     6.8 KiB/s  already here
layer     ` + short(big) + `    64.0 MiB    32.0 MiB/s  registry 24.0 MiB, node2 40.0 MiB
done in 2.0 s: registry 24.0 MiB, node2 40.0 MiB
`
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestFlagsReachTheSeeder(t *testing.T) {
	addr := seeder(t, puller.Request{Image: "app", Platform: "all", PlainHTTP: true}, puller.Event{Type: puller.Done, Totals: &puller.Totals{}})
	if _, err := run(t, "app", "--mirror", addr, "--platform", "all", "--plain-http"); err != nil {
		t.Error(err)
	}
}

func TestJSONIsTheEvents(t *testing.T) {
	addr := seeder(t, puller.Request{Image: "redis:7"}, story()...)
	got, err := run(t, "redis:7", "--mirror", addr, "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	for _, e := range story() {
		_ = json.NewEncoder(&want).Encode(e)
	}
	if got != want.String() {
		t.Errorf("got:\n%s\nwant:\n%s", got, want.String())
	}
}

func TestAFailedPullIsAnErrorWithTheReason(t *testing.T) {
	events := append(story()[:3], puller.Event{Type: puller.Failed, Error: "nobody has it", Totals: &puller.Totals{}})
	for _, output := range []string{"text", "json"} {
		_, err := run(t, "redis:7", "--mirror", seeder(t, puller.Request{Image: "redis:7"}, events...), "-o", output)
		if err == nil || !strings.Contains(err.Error(), "nobody has it") {
			t.Errorf("%s: got %v", output, err)
		}
	}
}

func TestNoSeederIsAnError(t *testing.T) {
	s := httptest.NewServer(nil)
	s.Close()
	_, err := run(t, "redis:7", "--mirror", s.Listener.Addr().String())
	if err == nil || !strings.Contains(err.Error(), "is a seeder running?") {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownOutputIsRefused(t *testing.T) {
	if _, err := run(t, "redis:7", "-o", "yaml"); err == nil {
		t.Error("yaml was taken")
	}
}

// The bars are drawn by a library: what matters is that they end with every
// source told, and that a pull that fails in the middle leaves none behind.
func TestBarsEndWithTheSources(t *testing.T) {
	var out bytes.Buffer
	v := newBars(&out)
	for _, e := range story() {
		v.show(e)
	}
	v.close()
	last := out.String()
	for _, want := range []string{short(big), "registry 24.0 MiB, node2 40.0 MiB", "done in 2.0 s"} {
		if !strings.Contains(last, want) {
			t.Errorf("%q is missing from:\n%s", want, last)
		}
	}
}

func TestBarsEndWhenThePullFails(t *testing.T) {
	v := newBars(io.Discard)
	for _, e := range story()[:4] {
		v.show(e)
	}
	ended := make(chan struct{})
	go func() {
		v.close()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the bars wait for what will not come")
	}
}
