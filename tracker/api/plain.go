package api

import (
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Heartbeats, lookups and joins are nearly all that a tracker is sent, and
// encoding/json would take longer over them than everything else that is ours.
// So messages that look exactly as our own seeders write them are read here,
// and the usual answers are written here: JSON with its fields in their order,
// no white space, and strings without anything that has to be escaped. For
// whatever is not as plain as that there is encoding/json.

// readPlain reads a plain heartbeat, lookup, join, progress or announcement. It
// leaves any other message alone.
func readPlain(body []byte, into any) bool {
	switch m := into.(type) {
	case *trackerapi.HeartbeatRequest:
		return readHeartbeat(cursor{rest: string(body)}, m)
	case *trackerapi.LookupRequest:
		return readLookup(cursor{rest: string(body)}, m)
	case *trackerapi.JoinRequest:
		return readJoin(cursor{rest: string(body)}, m)
	case *trackerapi.AnnounceRequest:
		return readAnnounce(cursor{rest: string(body)}, m)
	case *trackerapi.ProgressRequest:
		return readProgress(cursor{rest: string(body)}, m)
	}
	return false
}

func readHeartbeat(c cursor, into *trackerapi.HeartbeatRequest) bool {
	var m trackerapi.HeartbeatRequest
	c.skip(`{"node":`)
	m.Node = c.text()
	c.skip(`,"epoch":`)
	m.Epoch = int64(c.number(63))
	c.skip(`,"seq":`)
	m.Seq = c.number(64)
	c.skip(`,"set_hash":"`)
	m.SetHash = c.number(64)
	c.skip(`","load":`)
	m.Load = c.load()
	m.Ingests = c.ingests()
	m.Walking = c.has(`,"walking":true`)
	c.skip(`}`)
	if !c.done() {
		return false
	}
	*into = m
	return true
}

func readLookup(c cursor, into *trackerapi.LookupRequest) bool {
	var m trackerapi.LookupRequest
	c.skip(`{"node":`)
	m.Node = c.text()
	c.skip(`,"digests":[`)
	m.Digests = c.digests()
	c.skip(`]`)
	if c.has(`,"limit":`) {
		m.Limit = int(c.number(31))
	}
	c.skip(`}`)
	if !c.done() {
		return false
	}
	*into = m
	return true
}

// load reads what a node says of its load. What is empty is left out.
func (c *cursor) load() (l trackerapi.Load) {
	c.skip(`{"uploads":`)
	l.Uploads = int(c.number(31))
	if c.has(`,"slots":`) {
		l.Slots = int(c.number(31))
	}
	if c.has(`,"upload_rate":`) {
		l.UploadRate = int64(c.number(63))
	}
	if c.has(`,"latency_ms":`) {
		l.LatencyMS = int64(c.number(63))
	}
	if c.has(`,"degraded":`) {
		l.Degraded = c.text()
	}
	c.skip(`}`)
	return l
}

// cursor goes through a message once. What follows a surprise has no meaning.
type cursor struct {
	rest      string
	surprised bool
}

func (c *cursor) done() bool { return !c.surprised && c.rest == "" }

// has passes over the text, if it is next.
func (c *cursor) has(text string) bool {
	rest, found := strings.CutPrefix(c.rest, text)
	c.rest = rest
	return found
}

// skip passes over text that has to be next.
func (c *cursor) skip(text string) {
	if !c.has(text) {
		c.surprised = true
	}
}

// text reads a string in quotes. It shares the message's memory.
func (c *cursor) text() string {
	c.skip(`"`)
	text, rest, closed := strings.Cut(c.rest, `"`)
	if !closed || !isPlain(text) {
		c.surprised = true
	}
	c.rest = rest
	return text
}

// digests reads at least one.
func (c *cursor) digests() []digest.Digest {
	all := make([]digest.Digest, 0, strings.Count(c.rest, `,`)+1)
	for more := true; more && !c.surprised; more = c.has(`,`) {
		all = append(all, digest.Digest(c.text()))
	}
	return all
}

// number reads one that fits into so many bits.
func (c *cursor) number(bits int) uint64 {
	end := 0
	for end < len(c.rest) && c.rest[end] >= '0' && c.rest[end] <= '9' {
		end++
	}
	n, err := strconv.ParseUint(c.rest[:end], 10, bits)
	if err != nil || (end > 1 && c.rest[0] == '0') {
		c.surprised = true
	}
	c.rest = c.rest[end:]
	return n
}

// isPlain: encoding/json writes the text as it is.
func isPlain(text string) bool {
	for i := range len(text) {
		switch c := text[i]; {
		case c < ' ', c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

// appendPlain writes the answer that it is given a pointer to as encoding/json
// would, if it is plain. It keeps nothing of it.
func appendPlain(b []byte, answer any) (_ []byte, plain bool) {
	switch a := answer.(type) {
	case *trackerapi.HeartbeatResponse:
		if len(a.Verify) > 0 || len(a.Rejoin) > 0 || len(a.Look) > 0 || a.Work {
			return b, false
		}
		b = strconv.AppendInt(append(b, `{"interval_ms":`...), a.IntervalMS, 10)
		if a.Resend {
			b = append(b, `,"resend":true`...)
		}
		if a.Hold {
			b = append(b, `,"hold":true`...)
		}
		return append(b, '}'), true
	case *trackerapi.LookupResponse:
		return appendHandouts(b, a.Handouts)
	case *trackerapi.JoinResponse:
		return appendJoin(b, a)
	}
	return b, false
}

func appendHandouts(b []byte, handouts []trackerapi.Handout) (_ []byte, plain bool) {
	b = append(b, `{"handouts":[`...)
	for i, handout := range handouts {
		if i > 0 {
			b = append(b, ',')
		}
		if b, plain = appendHandout(b, handout); !plain {
			return b, false
		}
	}
	return append(b, `]}`...), handouts != nil
}

func appendHandout(b []byte, handout trackerapi.Handout) (_ []byte, plain bool) {
	b = append(b, '[')
	for i := range handout {
		if i > 0 {
			b = append(b, ',')
		}
		h := &handout[i]
		if !isPlain(h.Node) || !isPlain(h.Addr) || !isPlain(h.Zone) {
			return b, false
		}
		b = appendHolder(b, h)
	}
	return append(b, ']'), handout != nil
}

func appendHolder(b []byte, h *trackerapi.Holder) []byte {
	b = append(append(b, `{"node":"`...), h.Node...)
	b = strconv.AppendInt(append(b, `","epoch":`...), h.Epoch, 10)
	b = append(append(b, `,"addr":"`...), h.Addr...)
	if h.Zone != "" {
		b = append(append(b, `","zone":"`...), h.Zone...)
	}
	b = append(b, '"')
	if h.Partial {
		b = append(b, `,"partial":true`...)
	}
	if h.Depth != 0 {
		b = strconv.AppendInt(append(b, `,"depth":`...), int64(h.Depth), 10)
	}
	return append(b, '}')
}
