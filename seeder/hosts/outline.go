package hosts

import (
	"fmt"
	"slices"
	"strings"

	toml "github.com/pelletier/go-toml/v2/unstable"
)

// outline is what has to be known of a hosts.toml to put a host into it.
type outline struct {
	hosts []string // in the order of the file, which is the order of asking
	// hostsAt is where a first host fits in: behind all keys that belong to
	// no table, before the first table and the comment right above it.
	hostsAt int
}

func (o outline) names(host string) bool { return slices.Contains(o.hosts, host) }

// parseOutline reads with containerd's own parser.
func parseOutline(text string) (outline, error) {
	o := outline{hostsAt: -1}
	p := toml.Parser{KeepComments: true}
	p.Reset([]byte(text))
	var above comments
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case toml.Comment:
			above.add(text, int(e.Raw.Offset))
		case toml.Table, toml.ArrayTable:
			o.add(e, above, text)
		}
	}
	if err := p.Error(); err != nil {
		return outline{}, fmt.Errorf("not TOML: %w", err)
	}
	if o.hostsAt < 0 {
		o.hostsAt = len(text)
	}
	return o, nil
}

// add takes in the header of a table.
func (o *outline) add(table *toml.Node, above comments, text string) {
	var path []string
	start := -1
	for key := table.Key(); key.Next(); {
		path = append(path, string(key.Node().Data))
		if start < 0 {
			start = lineStart(text, int(key.Node().Raw.Offset))
		}
	}
	if o.hostsAt < 0 {
		o.hostsAt = above.start(start)
	}
	if len(path) >= 2 && path[0] == "host" && !o.names(path[1]) {
		o.hosts = append(o.hosts, path[1])
	}
}

// comments is the last run of lines that are nothing but comments.
type comments struct{ from, to int }

func (c *comments) add(text string, offset int) {
	start := lineStart(text, offset)
	if start != c.to {
		c.from = start
	}
	c.to = start + len(firstLine(text[start:]))
}

// start is where a table starts with the comments above it, if there are any.
func (c comments) start(table int) int {
	if c.to == table {
		return c.from
	}
	return table
}

func lineStart(text string, offset int) int {
	return strings.LastIndexByte(text[:offset], '\n') + 1
}

func firstLine(text string) string {
	if i := strings.IndexByte(text, '\n'); i >= 0 {
		return text[:i+1]
	}
	return text
}
