package pullcmd

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/drayproject/dray/seeder/puller"
)

// jsonView writes the events, one a line.
type jsonView struct{ out io.Writer }

func (v jsonView) show(e puller.Event) { _ = json.NewEncoder(v.out).Encode(e) }
func (v jsonView) close()              {}

// lines writes a line for each thing done.
type lines struct{ out io.Writer }

func (v *lines) show(e puller.Event) {
	switch {
	case e.Type == puller.Resolved:
		_, _ = fmt.Fprintf(v.out, "%s is %s\n", e.Image, e.Digest)
	case e.Type == puller.Progress && e.Blob.State == puller.Complete:
		_, _ = fmt.Fprintf(v.out, "%-8s  %s  %s\n", e.Blob.Kind, short(e.Blob.Digest), outcome(*e.Blob))
	case e.Type == puller.Done:
		_, _ = fmt.Fprintln(v.out, summary(*e.Totals))
	}
}

func (v *lines) close() {}
