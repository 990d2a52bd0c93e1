package api

import (
	"strconv"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// What joins, and what is said of ingests, in the form of plain.go. What is empty
// is left out.

func readJoin(c cursor, into *trackerapi.JoinRequest) bool {
	m := trackerapi.JoinRequest{Sender: c.sender()}
	c.skip(`,"digest":`)
	m.Digest = digest.Digest(c.text())
	m.Offset = c.ifAny(`,"offset":`)
	m.Size = c.ifAny(`,"size":`)
	if c.has(`,"registry":`) {
		m.Registry = c.text()
	}
	m.WaitMS = c.ifAny(`,"wait_ms":`)
	m.Hurry = c.has(`,"hurry":true`)
	m.Patient = c.has(`,"patient":true`)
	if c.has(`,"avoid":[`) {
		m.Avoid = c.texts()
		c.skip(`]`)
	}
	c.skip(`}`)
	if !c.done() {
		return false
	}
	*into = m
	return true
}

func readProgress(c cursor, into *trackerapi.ProgressRequest) bool {
	m := trackerapi.ProgressRequest{Sender: c.sender(), Ingests: c.ingests()}
	c.skip(`}`)
	if !c.done() || m.Ingests == nil {
		return false
	}
	*into = m
	return true
}

func (c *cursor) sender() (s trackerapi.Sender) {
	c.skip(`{"node":`)
	s.Node = c.text()
	c.skip(`,"epoch":`)
	s.Epoch = int64(c.number(63))
	return s
}

// ingests reads the field with all of them, or nothing.
func (c *cursor) ingests() (all []trackerapi.Ingest) {
	if !c.has(`,"ingests":[`) {
		return nil
	}
	for more := true; more && !c.surprised; more = c.has(`,`) {
		all = append(all, c.ingest())
	}
	c.skip(`]`)
	return all
}

func (c *cursor) ingest() (i trackerapi.Ingest) {
	c.skip(`{"digest":`)
	i.Digest = digest.Digest(c.text())
	c.skip(`,"offset":`)
	i.Offset = int64(c.number(63))
	i.Size = c.ifAny(`,"size":`)
	if c.has(`,"parent":`) {
		i.Parent = c.text()
	}
	i.Rate = c.ifAny(`,"rate":`)
	i.Ended = c.has(`,"ended":true`)
	c.skip(`}`)
	return i
}

// ifAny reads a number that may be left out.
func (c *cursor) ifAny(field string) int64 {
	if !c.has(field) {
		return 0
	}
	return int64(c.number(63))
}

// texts reads at least one.
func (c *cursor) texts() (all []string) {
	for more := true; more && !c.surprised; more = c.has(`,`) {
		all = append(all, c.text())
	}
	return all
}

func appendJoin(b []byte, a *trackerapi.JoinResponse) (_ []byte, plain bool) {
	b = append(b, `{"handout":`...)
	if b, plain = appendHandout(b, a.Handout); !plain {
		return b, false
	}
	if a.Lease {
		b = append(b, `,"lease":true`...)
	}
	if a.StartMS != 0 {
		b = strconv.AppendInt(append(b, `,"start_ms":`...), a.StartMS, 10)
	}
	if a.Free {
		b = append(b, `,"free":true`...)
	}
	if a.Busy {
		b = append(b, `,"busy":true`...)
	}
	return append(b, '}'), true
}
