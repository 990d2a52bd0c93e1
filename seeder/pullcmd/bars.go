package pullcmd

import (
	"fmt"
	"io"
	"sync/atomic"

	"github.com/opencontainers/go-digest"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/drayproject/dray/seeder/puller"
)

const barWidth = 30

// bars draws a bar for each layer.
type bars struct {
	out    io.Writer
	canvas *mpb.Progress
	layers map[digest.Digest]*layer
	totals *puller.Totals
}

// layer is a bar and what it says; the drawing goroutine reads blob.
type layer struct {
	bar  *mpb.Bar
	blob atomic.Pointer[puller.Blob]
}

func newBars(out io.Writer) *bars {
	return &bars{
		out:    out,
		canvas: mpb.New(mpb.WithOutput(out), mpb.WithWidth(barWidth)),
		layers: map[digest.Digest]*layer{},
	}
}

func (v *bars) show(e puller.Event) {
	switch {
	case e.Type == puller.Resolved:
		_, _ = fmt.Fprintf(v.out, "%s is %s\n", e.Image, e.Digest)
	case e.Type == puller.Progress && e.Blob.Kind == "layer":
		v.update(*e.Blob)
	case e.Type == puller.Done:
		v.totals = e.Totals
	}
}

func (v *bars) update(b puller.Blob) {
	l := v.layers[b.Digest]
	if l == nil {
		l = v.add(b)
		v.layers[b.Digest] = l
	}
	l.blob.Store(&b)
	// A bar that is full is drawn once more and never again: it may be full
	// only when the sources are known.
	current := min(b.Offset, b.Size-1)
	if b.State == puller.Complete {
		current = b.Size
	}
	l.bar.SetCurrent(current)
}

func (v *bars) add(b puller.Blob) *layer {
	l := new(layer)
	l.blob.Store(&b)
	l.bar = v.canvas.New(max(b.Size, 1),
		mpb.BarStyle().Lbound("").Filler("█").Tip("█").Padding("░").Rbound(""),
		mpb.PrependDecorators(decor.Name(short(b.Digest)+" "+size(b.Size)+" ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return l.status() })),
	)
	return l
}

func (l *layer) status() string {
	b := l.blob.Load()
	switch b.State {
	case puller.Complete:
		return " " + speed(b.Size, b.Seconds) + "  " + Sources(b.Sources)
	case puller.Pulling:
		return " " + speed(b.Offset, b.Seconds)
	}
	return "  " + string(b.State)
}

func (v *bars) close() {
	for _, l := range v.layers {
		l.bar.Abort(false) // does nothing to a full one
	}
	v.canvas.Wait()
	if v.totals != nil {
		_, _ = fmt.Fprintln(v.out, summary(*v.totals))
	}
}
