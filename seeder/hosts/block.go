package hosts

import (
	"errors"
	"fmt"
	"strings"
)

// The marks around what is Dray's. The first is followed by what [undo] says.
const (
	beginMark = "# Dray: begin"
	endMark   = "# Dray: end"
)

var errDamaged = errors.New(`the marks of Dray's block are damaged: delete what is left of it, from "` + beginMark + `" to "` + endMark + `"`)

// undo is what has to be known to take a block out again, beyond its place.
type undo struct {
	file    bool // install made the file
	folder  bool // and the registry's folder
	above   int  // and so many folders from config_path upwards
	newline bool // the text ended without a newline, and was given one
}

func (u undo) String() string {
	var s strings.Builder
	if u.file {
		s.WriteString(" file")
	}
	if u.folder {
		s.WriteString(" folder")
	}
	if u.above > 0 {
		fmt.Fprintf(&s, " above=%d", u.above)
	}
	if u.newline {
		s.WriteString(" newline")
	}
	return s.String()
}

func parseUndo(s string) (u undo, err error) {
	for _, word := range strings.Fields(s) {
		switch word {
		case "file":
			u.file = true
		case "folder":
			u.folder = true
		case "newline":
			u.newline = true
		default:
			if _, err := fmt.Sscanf(word, "above=%d", &u.above); err != nil || u.above < 0 {
				return undo{}, errDamaged
			}
		}
	}
	return u, nil
}

// block is the lines between the marks, and the marks.
func block(lines string, u undo) string {
	return beginMark + u.String() + "\n" +
		"# Written by \"seeder hosts install\"; \"seeder hosts remove\" takes it out, down to the end.\n" +
		lines + endMark + "\n"
}

// hostLines has containerd ask the mirror. Without resolve it is not asked for
// tags; without a limit to the dialing, a mirror that hangs would cost 30 s.
func hostLines(mirror string) string {
	return fmt.Sprintf("[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n  dial_timeout = \"200ms\"\n", mirror)
}

// insert puts the mirror in front of all hosts of a text that is somebody
// else's. A text that names the mirror already comes back as it is.
func insert(text, mirror string, u undo) (string, error) {
	o, err := parseOutline(text)
	if err != nil || o.names(mirror) {
		return text, err
	}
	before, after := text[:o.hostsAt], text[o.hostsAt:]
	u.newline = before != "" && !strings.HasSuffix(before, "\n")
	if u.newline {
		before += "\n"
	}
	return before + block(hostLines(mirror), u) + after, nil
}

// whole is a file of nothing but Dray's block: the mirror, and then what
// containerd would do without the file.
func whole(inherited, mirror string, u undo) (string, error) {
	o, err := parseOutline(inherited)
	if err != nil {
		return "", err
	}
	before, after := inherited[:o.hostsAt], inherited[o.hostsAt:]
	if o.names(mirror) {
		return block(ended(inherited), u), nil
	}
	return block(ended(before)+hostLines(mirror)+ended(after), u), nil
}

func ended(text string) string {
	if text == "" || strings.HasSuffix(text, "\n") {
		return text
	}
	return text + "\n"
}

// cut takes the block out of a text; a text without one comes back as it is.
func cut(text string) (rest string, u undo, found bool, err error) {
	begin, line := findLine(text, 0, beginMark)
	if begin < 0 {
		return text, undo{}, false, nil
	}
	if u, err = parseUndo(strings.TrimPrefix(line, beginMark)); err != nil {
		return "", undo{}, false, err
	}
	end, line := findLine(text, begin, endMark)
	if end < 0 || strings.TrimSpace(line) != endMark {
		return "", undo{}, false, errDamaged
	}
	before, after := text[:begin], text[end:][len(line):]
	if next, _ := findLine(after, 0, beginMark); next >= 0 {
		return "", undo{}, false, errDamaged
	}
	if u.newline && after == "" {
		before = strings.TrimSuffix(before, "\n")
	}
	return before + after, u, true, nil
}

// findLine is the first line from an offset on, which must be the start of one,
// that begins with a mark. It is returned with its newline; -1 means none.
func findLine(text string, from int, mark string) (at int, line string) {
	at = from
	for line := range strings.Lines(text[from:]) {
		if strings.HasPrefix(line, mark) {
			return at, line
		}
		at += len(line)
	}
	return -1, ""
}
