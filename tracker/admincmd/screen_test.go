package admincmd

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
)

func draw(width int, wide bool) string {
	var b bytes.Buffer
	s := &screen{Writer: &b, width: width, wide: wide, colour: true}
	t := s.sheet("node", "state", "a long column", "+address", "notes")
	for i := range 3 {
		t.row(fmt.Sprint("a-node-", i), s.paint("ready"), strings.Repeat("x", 40), "10.0.0.1:5002", "none")
	}
	t.draw()
	return b.String()
}

func TestTablesFitTheWidth(t *testing.T) {
	for width := 10; width <= 120; width++ {
		out := draw(width, false)
		for line := range strings.Lines(out) {
			if got := text.StringWidthWithoutEscSequences(strings.TrimRight(line, "\n")); got > width {
				t.Fatalf("at %d columns a line of %d:\n%s", width, got, out)
			}
		}
		if !strings.Contains(out, "a-node") {
			t.Fatalf("at %d columns:\n%s", width, out)
		}
	}
}

func TestWhatHasNoRoomIsLeftOut(t *testing.T) {
	for width, heads := range map[int]string{0: "node state a-long-column notes", 120: "node state a-long-column notes", 60: "node state a-long-column", 30: "node state"} {
		first, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(draw(width, false)), "a long column", "a-long-column"), "\n")
		if got := strings.Join(strings.Fields(first), " "); got != heads {
			t.Errorf("at %d columns %q; want %q", width, got, heads)
		}
	}
	if out := draw(50, false); !strings.Contains(out, " "+strings.Repeat("x", 30)+"…") {
		t.Errorf("at 50 columns a long one is not cut:\n%s", out)
	}
	if out := draw(0, true); !strings.Contains(out, "ADDRESS") || !strings.Contains(out, "NOTES") {
		t.Errorf("wide:\n%s", out)
	}
}

func TestWhatIsTooLongIsBrokenIntoLines(t *testing.T) {
	var b bytes.Buffer
	s := &screen{Writer: &b, width: 30}
	t1 := s.sheet("of", "is")
	t1.row("something", "one two three four five six seven eight")
	t1.draw()
	if out := b.String(); !strings.Contains(strings.Join(strings.Fields(out), " "), "one two three four five six seven eight") || strings.Count(out, "\n") < 4 {
		t.Errorf("at 30 columns:\n%s", out)
	}
}

func TestSizesAreForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 1 << 20: "1.0 MiB", 5 << 40: "5.0 TiB", 1<<63 - 1: "8.0 EiB"} {
		if got := size(n); got != want {
			t.Errorf("%d is %s; want %s", n, got, want)
		}
	}
}
