package placer

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/roster"
)

// BenchmarkStep is one look at everything by a tracker that acts, of 1 000 nodes in
// three zones with 200 images on three nodes each, when nothing has changed.
func BenchmarkStep(b *testing.B) {
	const nodes, images = 1000, 200
	x, log := index.New(), events.NewLog(1000)
	r := roster.New(roster.Policy{Interval: time.Second, SuspectAfter: 2, DeadAfter: 3, PurgeAfter: time.Hour}, observers{log}, slog.New(slog.DiscardHandler))
	desk := journal.NewLocal().Desk("b")
	p, err := New(Parts{Desk: desk, ID: "b", Index: x, Roster: r, Events: log}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	for i := range nodes {
		n, _, err := r.Register(trackerapi.Node{Name: fmt.Sprintf("n%04d", i), Epoch: 1, Addr: "10.0.0.1:1", Zone: fmt.Sprint(i % 3)})
		if err != nil {
			b.Fatal(err)
		}
		m := &trackerapi.AnnounceRequest{Whole: true, Seq: 1}
		for j := i % images; j < i%images+1 && i < 3*images; j++ {
			name := fmt.Sprintf("example.org/app:%d", j)
			m.Images = append(m.Images, trackerapi.Image{Name: name, Digest: digest.FromString(name), UpdatedAt: time.UnixMicro(1)})
		}
		x.Apply(n.Ordinal(), m)
	}
	p.claim(b.Context())
	if err := p.PutPolicy(b.Context(), placement.Policy{Name: "base", Images: []string{"example.org/**"}, Factor: 3}); err != nil {
		b.Fatal(err)
	}
	p.quiet.busy.Store(true)
	p.place(b.Context())
	for n := range r.All() {
		id := n.Identity()
		if _, err := p.Work(n, &trackerapi.WorkRequest{Sender: trackerapi.Sender{Node: id.Name, Epoch: id.Epoch}, Room: trackerapi.Room{Total: 1 << 40, Free: 1 << 39}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		p.claim(b.Context())
		p.place(b.Context())
	}
}
