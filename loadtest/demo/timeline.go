package demo

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/drayproject/dray/seeder/pullcmd"
	"github.com/drayproject/dray/seeder/puller"
)

// timeline writes what happens, each line with its time and who it is about.
type timeline struct {
	began  time.Time
	colour bool

	mu  sync.Mutex
	out io.Writer
}

func newTimeline(out io.Writer) *timeline {
	return &timeline{began: time.Now(), out: out, colour: wantsColour(out)}
}

// wantsColour keeps to https://no-color.org.
func wantsColour(out io.Writer) bool {
	f, ok := out.(*os.File)
	return ok && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && cwriter.IsTerminal(int(f.Fd()))
}

func (t *timeline) act(title string) { t.print("\n" + t.paint("1", title) + "\n") }

func (t *timeline) say(who, format string, args ...any) {
	t.print(fmt.Sprintf("%6.1f s  %s  %s\n", time.Since(t.began).Seconds(), t.actor(who), fmt.Sprintf(format, args...)))
}

func (t *timeline) print(s string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = io.WriteString(t.out, s)
}

// actor is a name in the colour that it has throughout.
func (t *timeline) actor(who string) string {
	colours := map[string]string{"registry": "33", "tracker": "35", "node1": "36", "node2": "32", "node3": "34", "node4": "96"}
	return t.paint(colours[who], fmt.Sprintf("%-8s", who))
}

func (t *timeline) red(s string) string { return t.paint("1;31", s) }

func (t *timeline) paint(code, s string) string {
	if !t.colour || code == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func size(n int64) string { return pullcmd.Size(n) }

func rateOf(n int64) string { return fmt.Sprintf("%.0f MB/s", float64(n)/1e6) }

func from(all []puller.Source) string {
	return strings.ReplaceAll(pullcmd.Sources(all), "registry", "the registry")
}
