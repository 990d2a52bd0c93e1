package admincmd

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/admin"
)

// short is enough of a digest to know it again; -o wide shows it whole.
func (s *screen) short(d digest.Digest) string {
	const enough = 12
	if s.wide || len(d.Encoded()) <= enough {
		return string(d)
	}
	return d.Algorithm().String() + ":" + d.Encoded()[:enough]
}

func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// some is so many of something.
func some(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// size is a number of bytes for people.
func size(n int64) string {
	const unit = 1024
	if n < unit {
		return number(n) + " B"
	}
	value, prefix := float64(n)/unit, 0
	for value >= unit && prefix < len(prefixes)-1 {
		value /= unit
		prefix++
	}
	return fmt.Sprintf("%.1f %ciB", value, prefixes[prefix])
}

const prefixes = "KMGTPE"

// at is a moment in the local time.
func at(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05") }

func millis(ms int64) string {
	return (time.Duration(ms) * time.Millisecond).Round(100 * time.Millisecond).String()
}

func yes(b bool, word string) string {
	if b {
		return word
	}
	return ""
}

// dash stands for nothing.
func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// origin is the parent of who has none.
func origin(parent string) string {
	if parent == "" {
		return "(origin)"
	}
	return parent
}

// part is how far something is.
func part(offset, whole int64) string {
	if whole <= 0 {
		return size(offset)
	}
	return fmt.Sprintf("%d%%", 100*offset/whole)
}

func labels(m map[string]string) string {
	var all []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		all = append(all, key+"="+m[key])
	}
	return strings.Join(all, ",")
}

func sources(all []admin.PullSource) string {
	var words []string
	for _, s := range all {
		words = append(words, origin(s.Node)+" "+size(s.Bytes))
	}
	return strings.Join(words, ", ")
}
