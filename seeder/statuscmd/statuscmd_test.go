package statuscmd

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

var layer, wide = digest.FromString("layer"), digest.FromString("wide")

func node() status.Status {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	return status.Status{
		Node: "n1", Ready: true, Store: true, Digests: 12, Trackers: 2, Uploads: 3,
		Arriving: []trackerapi.Ingest{
			{Digest: layer, Offset: 16 << 20, Size: 64 << 20, Parent: "n2", Rate: 8 << 20},
			{Digest: layer, Offset: 1 << 20},
			{Digest: wide, Offset: 1 << 20, Size: 2 << 20, Parent: "n2"},
		},
		Helpers: map[digest.Digest][]string{wide: {"n3", "n4"}},
		Tasks: []status.Task{
			{Image: "docker.io/library/redis:7", TaskState: trackerapi.TaskState{ID: "0a1b", Phase: trackerapi.TaskPulling, Offset: 1 << 20, Size: 4 << 20}},
			{Image: "docker.io/library/nginx:1", TaskState: trackerapi.TaskState{ID: "2c3d", Phase: trackerapi.TaskFailed, Error: "no such tag"}},
		},
		Pins: []trackerapi.Pin{{Image: "docker.io/library/redis:6", Digest: wide, Owners: []string{"job/warm", "policy/base"}}},
		Recent: []transfers.Transfer{
			{Digest: layer, Registry: "docker.io", Repository: "library/redis", Result: transfers.Peer, Bytes: 3 << 20, StartedAt: at, Duration: 1500 * time.Millisecond,
				Sources: []transfers.Source{{Node: "n2", Bytes: 1 << 20}, {Node: "n3", Bytes: 2 << 20}}},
			{Digest: layer, Repository: "app", Result: transfers.Miss, StartedAt: at, Duration: 2 * time.Millisecond},
		},
	}
}

func run(ctx context.Context, t *testing.T, out io.Writer, now func(int) status.Status, args ...string) error {
	t.Helper()
	s := httptest.NewServer(status.Handler(now))
	t.Cleanup(s.Close)
	cmd := Command()
	cmd.SetArgs(append([]string{"--mirror", strings.TrimPrefix(s.URL, "http://")}, args...))
	cmd.SetOut(out)
	cmd.SetErr(io.Discard)
	return cmd.ExecuteContext(ctx)
}

func TestOneLookShowsWhatComesAndWhereItCameFrom(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), t, &out, func(int) status.Status { return node() }); err != nil {
		t.Fatal(err)
	}
	id := short(layer)
	for _, want := range []string{
		"n1 is ready; 12 blobs, 2 trackers, 3 uploads",
		id + " 64.0 MiB 25 % 8.0 MiB/s n2",
		id + " ? 1.0 MiB 0 B/s registry",
		short(wide) + " 2.0 MiB 50 % 0 B/s n2, n3, n4",
		"03:04:05 3.0 MiB 1.5s peer " + id + " docker.io/library/redis n2 1.0 MiB, n3 2.0 MiB",
		"0a1b 4.0 MiB 25 % pulling docker.io/library/redis:7",
		"2c3d ? 0 B failed docker.io/library/nginx:1 no such tag",
		short(wide) + " job/warm, policy/base docker.io/library/redis:6",
		"03:04:05 0 B 2ms miss " + id + " app -",
	} {
		if got := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}

func TestJSONIsTheStatus(t *testing.T) {
	var out bytes.Buffer
	asked := 0
	now := func(n int) status.Status { asked = n; return node() }
	if err := run(t.Context(), t, &out, now, "-o", "json", "--recent", "5"); err != nil {
		t.Fatal(err)
	}
	var got status.Status
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Node != "n1" || len(got.Recent) != 2 || asked != 5 {
		t.Errorf("%v, asked for %d: %s", err, asked, out.String())
	}
}

func TestWatchingGoesOnUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	looks := 0
	var out bytes.Buffer
	err := run(ctx, t, &out, func(int) status.Status {
		if looks++; looks == 3 {
			stop()
		}
		return node()
	}, "--watch=1ms")
	if err != nil || looks < 3 || !strings.Contains(out.String(), clear) {
		t.Errorf("%d looks, %v", looks, err)
	}
}

func TestWrongFlagsAreNamed(t *testing.T) {
	for _, args := range [][]string{{"-o", "xml"}, {"--watch=-1s"}} {
		if err := run(t.Context(), t, io.Discard, func(int) status.Status { return node() }, args...); err == nil {
			t.Errorf("%v is taken", args)
		}
	}
}
