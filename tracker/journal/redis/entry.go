package redis

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

// nodeRecord is the JSON form of all but the set, for people with redis-cli.
type nodeRecord struct {
	Epoch   int64             `json:"epoch"`
	Addr    string            `json:"addr"`
	Zone    string            `json:"zone,omitempty"`
	Labels  map[string]string `json:"labels,omitempty"`
	Version string            `json:"version,omitempty"`
	History []verdict         `json:"history,omitempty"`
}

// verdict is written as "1763880000 dead missed_heartbeats".
type verdict journal.Verdict

func (v verdict) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d %s %s", v.At.Unix(), v.State, v.Reason), nil
}

func (v *verdict) UnmarshalText(text []byte) error {
	var at int64
	if _, err := fmt.Sscanf(string(text), "%d %s %s", &at, &v.State, &v.Reason); err != nil {
		return fmt.Errorf("verdict %.80q: %w", text, err)
	}
	v.At = time.Unix(at, 0).UTC()
	return nil
}

func encodeNode(e *journal.Entry) ([]byte, error) {
	n := nodeRecord{Epoch: e.Node.Epoch, Addr: e.Node.Addr, Zone: e.Node.Zone, Labels: e.Node.Labels, Version: e.Node.Version}
	for _, v := range e.History[max(0, len(e.History)-journal.MaxHistory):] {
		n.History = append(n.History, verdict(v))
	}
	return json.Marshal(n)
}

func decodeNode(name, text string) (e journal.Entry, err error) {
	var n nodeRecord
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		return e, err
	}
	e.Node = trackerapi.Node{Name: name, Epoch: n.Epoch, Addr: n.Addr, Zone: n.Zone, Labels: n.Labels, Version: n.Version}
	for _, v := range n.History {
		e.History = append(e.History, journal.Verdict(v))
	}
	return e, nil
}

const stampSize = 8 + 8 + 4 + 8

func encodeStamp(s journal.Stamp) ([]byte, error) {
	id, err := parseID(s.Writer)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, stampSize)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Epoch))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Hash))
	b = binary.BigEndian.AppendUint32(b, uint32(s.Heard.Unix()))
	return binary.BigEndian.AppendUint64(b, id), nil
}

func decodeStamp(node, text string) (s journal.Stamp, ok bool) {
	b := []byte(text)
	if len(b) != stampSize {
		return s, false
	}
	return journal.Stamp{
		Node:   node,
		Epoch:  int64(binary.BigEndian.Uint64(b)),
		Hash:   trackerapi.SetHash(binary.BigEndian.Uint64(b[8:])),
		Heard:  time.Unix(int64(binary.BigEndian.Uint32(b[16:])), 0).UTC(),
		Writer: formatID(binary.BigEndian.Uint64(b[20:])),
	}, true
}

func formatID(id uint64) string { return fmt.Sprintf("%016x", id) }

func parseID(s string) (uint64, error) {
	id, err := strconv.ParseUint(s, 16, 64)
	if err != nil || formatID(id) != s {
		return 0, fmt.Errorf("redis: %q is not the ID of a tracker", s)
	}
	return id, nil
}
