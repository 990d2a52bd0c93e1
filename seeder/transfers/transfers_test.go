package transfers

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func quiet() *Log {
	return NewLog(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
}

func offsets(ts []Transfer) []int64 {
	var all []int64
	for _, t := range ts {
		all = append(all, t.Offset)
	}
	return all
}

func TestRecentIsNewestFirst(t *testing.T) {
	l := quiet()
	if got := l.Recent(5); got == nil || len(got) != 0 {
		t.Fatalf("empty log: got %#v, want an empty list", got)
	}
	for i := range 3 {
		l.Record(Transfer{Offset: int64(i)})
	}
	for n, want := range map[int]int{0: 0, 2: 2, 3: 3, 10: 3} {
		got := offsets(l.Recent(n))
		if len(got) != want || (want > 0 && got[0] != 2) {
			t.Errorf("Recent(%d) = %v", n, got)
		}
	}
}

func TestTheOldestAreForgotten(t *testing.T) {
	l := quiet()
	for i := range kept + 10 {
		l.Record(Transfer{Offset: int64(i)})
	}
	got := offsets(l.Recent(2 * kept))
	if len(got) != kept || got[0] != kept+9 || got[kept-1] != 10 {
		t.Fatalf("%d kept, from %d to %d", len(got), got[0], got[len(got)-1])
	}
	for i := 1; i < len(got); i++ {
		if got[i] != got[i-1]-1 {
			t.Fatalf("out of order at %d: %d after %d", i, got[i], got[i-1])
		}
	}
}

func TestFindSeesOneDigest(t *testing.T) {
	l := quiet()
	a, b := digest.FromString("a"), digest.FromString("b")
	l.Record(Transfer{Digest: a, Offset: 1, Sources: []Source{{Node: "n1", Bytes: 5}}})
	l.Record(Transfer{Digest: b, Offset: 2})
	l.Record(Transfer{Digest: a, Offset: 3})
	got := l.Find(a)
	if len(got) != 2 || got[0].Offset != 3 || got[1].Offset != 1 {
		t.Fatalf("got %+v", got)
	}
	got[1].Sources[0].Node = "changed"
	if l.Find(a)[1].Sources[0].Node != "n1" {
		t.Fatal("a caller can change what the log remembers")
	}
}

func TestOneLinePerTransferAtItsLevel(t *testing.T) {
	for result, want := range map[Result]string{
		Local: "level=INFO", Peer: "level=INFO", Miss: "level=DEBUG", Failed: "level=WARN",
	} {
		var out bytes.Buffer
		h := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})
		l := NewLog(slog.New(h), prometheus.NewRegistry())
		l.Record(Transfer{Result: result, Kind: Blob, Sources: []Source{{Node: "n1", Bytes: 7}}, Retries: 2, Err: "cut"})
		line := out.String()
		if strings.Count(line, "\n") != 1 || !strings.Contains(line, want) ||
			!strings.Contains(line, "n1") || !strings.Contains(line, "retries=2") || !strings.Contains(line, "error=cut") {
			t.Errorf("%s: %q", result, line)
		}
	}
}

func TestTransfersAreCounted(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLog(slog.New(slog.DiscardHandler), reg)
	l.Record(Transfer{Result: Peer, Kind: Blob, Bytes: 10})
	l.Record(Transfer{Result: Peer, Kind: Manifest, Bytes: 5})
	l.Record(Transfer{Result: Miss, Kind: Blob})
	want := `
# HELP dray_seeder_requests_total Requests that the mirror has answered, by who had the content (local, peer, miss, failed).
# TYPE dray_seeder_requests_total counter
dray_seeder_requests_total{kind="blob",source="miss"} 1
dray_seeder_requests_total{kind="blob",source="peer"} 1
dray_seeder_requests_total{kind="manifest",source="peer"} 1
# HELP dray_seeder_transfer_bytes_total Bytes that the mirror has sent to its containerd, by where they came from.
# TYPE dray_seeder_transfer_bytes_total counter
dray_seeder_transfer_bytes_total{source="miss"} 0
dray_seeder_transfer_bytes_total{source="peer"} 15
`
	err := testutil.GatherAndCompare(reg, strings.NewReader(want),
		"dray_seeder_requests_total", "dray_seeder_transfer_bytes_total")
	if err != nil {
		t.Fatal(err)
	}
}

func TestJSONHasUnitsInItsNames(t *testing.T) {
	b, err := json.Marshal(Transfer{Kind: Blob, Result: Local, FirstByte: time.Millisecond, Duration: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"first_byte_ns":1000000`, `"duration_ns":1000000000`, `"result":"local"`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s has no %s", b, want)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	l := NewLog(slog.New(slog.NewTextHandler(io.Discard, nil)), prometheus.NewRegistry())
	d := digest.FromString("x")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				l.Record(Transfer{Digest: d, Sources: []Source{{Node: "n"}}})
				_ = l.Find(d)
				_ = l.Recent(3)
			}
		})
	}
	wg.Wait()
	if n := len(l.Find(d)); n != kept {
		t.Fatalf("%d kept, want %d", n, kept)
	}
}
