package admincmd

import (
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// screen is where tables go.
type screen struct {
	io.Writer
	width  int  // of the terminal, in columns; 0 for no bound
	colour bool // it is a terminal, and its user wants colours
	wide   bool // everything is shown, whatever the width
}

func newScreen(w io.Writer, wide bool) *screen {
	s := &screen{Writer: w, wide: wide}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.colour = os.Getenv("NO_COLOR") == ""
	if width, _, err := term.GetSize(int(f.Fd())); err == nil && !wide {
		s.width = width
	}
	return s
}

// clear is for a terminal that shows the same thing again.
func (s *screen) clear() {
	if s.width > 0 || s.colour {
		_, _ = io.WriteString(s, "\x1b[H\x1b[2J\x1b[3J") // what can't be cleared can be read as well
	}
}

// sheet is a table before it is drawn. A column whose head begins with "+" is
// only for wide ones; of the others the last ones go when there is no room, or one
// is cut where there is some. The first two never go: what is too long for these
// is broken into lines.
type sheet struct {
	*screen
	heads []string
	rows  [][]string
}

func (s *screen) sheet(heads ...string) *sheet { return &sheet{screen: s, heads: heads} }

func (t *sheet) row(cells ...string) { t.rows = append(t.rows, cells) }

// draw writes the table.
func (t *sheet) draw() {
	w := table.NewWriter()
	w.SetOutputMirror(t.screen)
	w.SetStyle(bare())
	w.SuppressTrailingSpaces()
	if t.width > 0 {
		w.Style().Size.WidthMax = t.width
	}
	columns, room := t.shown()
	switch {
	case t.width > 0 && len(columns) == leastColumns:
		room = t.width - t.columnWidth(columns[0]) - 2*gap
		w.SetColumnConfigs([]table.ColumnConfig{{Number: leastColumns, WidthMax: max(room, 1), WidthMaxEnforcer: text.WrapSoft}})
	case room > 0:
		w.SetColumnConfigs([]table.ColumnConfig{{Number: len(columns), WidthMax: room, WidthMaxEnforcer: cut}})
	}
	w.AppendHeader(pick(t.heads, columns, func(head string) string { return strings.TrimPrefix(head, "+") }))
	for _, row := range t.rows {
		w.AppendRow(pick(row, columns, func(cell string) string { return cell }))
	}
	w.Render()
}

func pick(cells []string, columns []int, as func(string) string) (row table.Row) {
	for _, c := range columns {
		row = append(row, as(cells[c]))
	}
	return row
}

// cut leaves the beginning.
func cut(cell string, room int) string { return text.Snip(cell, room, "…") }

const (
	gap          = 2  // between two columns
	leastColumns = 2  // that are shown whatever the width
	leastRoom    = 16 // for a column that is cut
)

// shown are the columns that there is room for, and the room for the last one, if
// it has to be cut.
func (t *sheet) shown() (columns []int, room int) {
	left := t.width - gap // every column is followed by a gap
	for c, head := range t.heads {
		if strings.HasPrefix(head, "+") && !t.wide {
			continue
		}
		width := t.columnWidth(c)
		if t.width > 0 && width > left {
			switch {
			case len(columns) < leastColumns: // it is broken into lines
			case left >= leastRoom:
				return append(columns, c), left
			default:
				return columns, 0
			}
		}
		columns = append(columns, c)
		left -= width + gap
	}
	return columns, 0
}

func (t *sheet) columnWidth(c int) int {
	width := text.StringWidthWithoutEscSequences(strings.TrimPrefix(t.heads[c], "+"))
	for _, row := range t.rows {
		width = max(width, text.StringWidthWithoutEscSequences(row[c]))
	}
	return width
}

// bare is a table without lines.
func bare() table.Style {
	s := table.StyleDefault
	s.Name = "bare"
	s.Box.PaddingLeft, s.Box.PaddingRight = "", strings.Repeat(" ", gap)
	s.Options = table.OptionsNoBordersAndSeparators
	s.Format.Header = text.FormatUpper
	return s
}

// paint gives a state its colour.
func (s *screen) paint(state string) string {
	if !s.colour {
		return state
	}
	switch state {
	case "ready", "complete", "warm", "done", "left", "standing", "satisfied":
		return text.FgGreen.Sprint(state)
	case "suspect", "joining", "loading", "filling", "ended", "stopping", "saving", "waiting", "pulling", "running", "short":
		return text.FgYellow.Sprint(state)
	case "dead", "lost", "no redis", "failed", "blocked":
		return text.FgRed.Sprint(state)
	case "draining", "gone", "purged", "cancelled":
		return text.Faint.Sprint(state)
	}
	return state
}
