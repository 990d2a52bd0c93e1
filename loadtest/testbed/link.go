package testbed

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// Rates of links, in bits per second.
const (
	Mbit int64 = 1e6
	Gbit int64 = 1e9
)

// SetRate bounds the host's link to rate, in bits per second, in each
// direction. Without a rate, or with 0, a link is as fast as the kernel.
func (h *Host) SetRate(rate int64) {
	h.bed.t.Helper()
	h.shape(h.ns, "eth0", rate)
	h.shape(h.bed.switchNS(), h.port, rate)
}

// shape puts a token bucket before the device, and after it a queue of 30 ms,
// as a switch has. Both must hold some of the 64 KiB that the kernel hands over
// at a time.
func (h *Host) shape(ns, dev string, rate int64) {
	_, _ = run("", "tc", "-n", ns, "qdisc", "del", "dev", dev, "root") // there may be none
	if rate == 0 {
		return
	}
	burst := max(128<<10, rate/8/1000)
	queue := max(512<<10, rate/8*30/1000)
	h.bed.must(fmt.Sprintf(`
qdisc add dev %[1]s root handle 1: htb default 1
class add dev %[1]s parent 1: classid 1:1 htb rate %[2]dbit burst %[3]db cburst %[3]db quantum 65536
qdisc add dev %[1]s parent 1:1 handle 10: bfifo limit %[4]d
`, dev, rate, burst, queue), "tc", "-n", ns, "-batch", "-")
}

// Unplug cuts the host off as a pulled cable does: nothing passes, nobody is
// told. Its own interface stays up.
func (h *Host) Unplug() { h.bed.t.Helper(); h.portState(0) }

// Plug ends an Unplug.
func (h *Host) Plug() { h.bed.t.Helper(); h.portState(3) }

// Part cuts the way between two hosts, silently, and leaves both all others.
func (h *Host) Part(other *Host) {
	h.bed.t.Helper()
	h.lose(other)
	other.lose(h)
}

// Rejoin ends every Part.
func (b *Bed) Rejoin() {
	b.t.Helper()
	for i, h := range b.hosts {
		for _, other := range b.hosts[:i] {
			h.meet(other)
			other.meet(h)
		}
	}
}

// lose has the host send what is for the other one to nobody.
func (h *Host) lose(other *Host) {
	h.bed.t.Helper()
	h.bed.ip(fmt.Sprintf("-n %s neigh replace %s lladdr 02:77:ff:ff:ff:ff dev eth0 nud permanent", h.ns, other.Addr))
}

func (h *Host) portState(state int) {
	h.bed.t.Helper()
	h.bed.must("", "bridge", "-n", h.bed.switchNS(), "link", "set", "dev", h.port, "state", fmt.Sprint(state))
}

// Traffic is what has crossed a host's link, in bytes. Headers are hardly in it:
// the kernel counts those of a burst of segments once.
type Traffic struct{ Sent, Received int64 }

// Sub is the traffic since an earlier one.
func (t Traffic) Sub(earlier Traffic) Traffic {
	return Traffic{t.Sent - earlier.Sent, t.Received - earlier.Received}
}

// Traffic is counted at the switch. What an unplugged host sends is counted,
// too; it just arrives nowhere.
func (h *Host) Traffic() Traffic {
	h.bed.t.Helper()
	var table []byte
	err := inside(h.bed.switchNS(), func() (err error) {
		table, err = os.ReadFile("/proc/thread-self/net/dev")
		return err
	})
	if err != nil {
		h.bed.t.Fatalf("testbed: counters of %s: %v", h.Name, err)
	}
	for line := range strings.Lines(string(table)) {
		if dev, counters, _ := strings.Cut(line, ":"); strings.TrimSpace(dev) == h.port {
			return parseTraffic(counters)
		}
	}
	h.bed.t.Fatalf("testbed: no counters of %s in\n%s", h.Name, table)
	return Traffic{}
}

// Shaped is what has passed the token buckets of a link with a rate, in bytes on
// the wire. The interface's counters know less: they count the headers of each
// 64 KiB that the kernel hands over at a time, HTB those of every frame.
func (h *Host) Shaped() Traffic {
	h.bed.t.Helper()
	return Traffic{
		Sent:     h.shaped(h.ns, "eth0"),
		Received: h.shaped(h.bed.switchNS(), h.port),
	}
}

func (h *Host) shaped(ns, dev string) int64 {
	h.bed.t.Helper()
	var root []struct{ Bytes int64 }
	out := h.bed.must("", "tc", "-n", ns, "-s", "-j", "qdisc", "show", "dev", dev, "root")
	if err := json.Unmarshal([]byte(out), &root); err != nil || len(root) == 0 {
		h.bed.t.Fatalf("testbed: the shaper of %s says %q: %v", h.Name, out, err)
	}
	return root[0].Bytes
}

// parseTraffic reads a line of net/dev: eight counters of what the port has
// received, eight of what it has sent, each beginning with the bytes.
func parseTraffic(counters string) Traffic {
	var n [9]int64
	for i, field := range strings.Fields(counters)[:9] {
		n[i], _ = strconv.ParseInt(field, 10, 64)
	}
	return Traffic{Sent: n[0], Received: n[8]}
}

// WaitSent waits until the host has sent n bytes more than at from, and fails
// the test if this takes longer than the deadline.
func (h *Host) WaitSent(from Traffic, n int64, deadline time.Duration) {
	h.bed.t.Helper()
	h.bed.Eventually(deadline, fmt.Sprintf("%s has sent %d bytes", h.Name, n), func() bool {
		return h.Traffic().Sub(from).Sent >= n
	})
}
