package statuscmd

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/pullcmd"
	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/shared/trackerapi"
)

func draw(out io.Writer, s status.Status) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { _, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) }
	_, _ = fmt.Fprintln(w, headline(s))
	line("\nARRIVING", "SIZE", "DONE", "SPEED", "FROM")
	for _, in := range s.Arriving {
		line(short(in.Digest), size(in.Size), share(in), pullcmd.Size(in.Rate)+"/s", senders(in, s))
	}
	work(line, s)
	line("\nSERVED", "BYTES", "TIME", "RESULT", "CONTENT", "FROM")
	for _, t := range s.Recent {
		line(t.StartedAt.Local().Format(time.TimeOnly), pullcmd.Size(t.Bytes), t.Duration.Round(time.Millisecond).String(),
			string(t.Result), short(t.Digest)+" "+image(t), from(t))
	}
	return w.Flush()
}

// work is what the node does for the trackers, if it does anything.
func work(line func(cells ...string), s status.Status) {
	if len(s.Tasks) > 0 {
		line("\nTASK", "SIZE", "DONE", "STATE", "IMAGE", "")
	}
	for _, t := range s.Tasks {
		line(t.ID, size(t.Size), share(trackerapi.Ingest{Offset: t.Offset, Size: t.Size}), string(t.Phase), t.Image, t.Error)
	}
	if len(s.Pins) > 0 {
		line("\nPINNED", "FOR", "IMAGE")
	}
	for _, p := range s.Pins {
		line(short(p.Digest), strings.Join(p.Owners, ", "), p.Image)
	}
}

func headline(s status.Status) string {
	state := "ready"
	switch {
	case !s.Ready:
		state = "not ready"
	case s.Degraded != "":
		state = "degraded: " + s.Degraded
	}
	return fmt.Sprintf("%s is %s; %d blobs, %d trackers, %d uploads", s.Node, state, s.Digests, s.Trackers, s.Uploads)
}

func short(d digest.Digest) string {
	_, hex, _ := strings.Cut(string(d), ":")
	return hex[:min(12, len(hex))]
}

func size(n int64) string {
	if n == 0 {
		return "?"
	}
	return pullcmd.Size(n)
}

func share(in trackerapi.Ingest) string {
	if in.Size == 0 {
		return pullcmd.Size(in.Offset)
	}
	return fmt.Sprintf("%d %%", 100*in.Offset/in.Size)
}

// senders are the parent, and who sends together with it.
func senders(in trackerapi.Ingest, s status.Status) string {
	return strings.Join(append([]string{cmp.Or(in.Parent, "registry")}, s.Helpers[in.Digest]...), ", ")
}

func image(t transfers.Transfer) string {
	if t.Registry == "" {
		return t.Repository
	}
	return t.Registry + "/" + t.Repository
}

// from says who sent it, and how much where there were several.
func from(t transfers.Transfer) string {
	switch {
	case t.Result == transfers.Local:
		return "this node"
	case t.Result == transfers.Miss:
		return "-"
	case len(t.Sources) == 1:
		return t.Sources[0].Node
	}
	var all []string
	for _, s := range t.Sources {
		all = append(all, s.Node+" "+pullcmd.Size(s.Bytes))
	}
	return strings.Join(all, ", ")
}
