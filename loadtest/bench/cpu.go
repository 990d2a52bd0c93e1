package bench

import (
	"crypto/sha256"
	"os"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
)

const (
	cpuBlob  = 1 << 30 // bytes; it stays in the page cache
	cpuTurns = 6       // of each sender in a round: the kernel counts CPU time in steps of 10 ms
)

// sender is a process that sends the blob to a client on its own loopback.
type sender struct {
	name    string
	node    *node
	process *testbed.Process
	url     string
	used    float64 // CPU seconds in this round
}

// cpuStage is a large blob and all who send it.
type cpuStage struct {
	*pair
	buf                             []byte
	nginx, served, proxied, relayed *sender
}

// measureCPU compares what the giver's peer side, the taker's mirror and nginx
// use to send the same bytes, taking turns. The mirror and the proxy get them
// from the giver, whose own work doesn't count.
func measureCPU(t testbed.T, r *Report) {
	s := newCPUStage(t)
	for range r.Rounds {
		s.round()
		r.note("SHA-256 alone", "CPU s/GiB", nil, s.hash())
		for _, x := range s.senders() {
			r.note(x.name, "CPU s/GiB", nil, x.used/cpuTurns)
		}
		r.note("served / nginx", "×", atMost(1.2), s.served.used/s.nginx.used)
		r.note("relayed / nginx", "×", atMost(3), s.relayed.used/s.nginx.used)
	}
}

func newCPUStage(t testbed.T) *cpuStage {
	t.Helper()
	p := newPair(t)
	blob := p.giver.fill(t, "cpu", 1, cpuBlob)[0]
	p.waitAnnounced([]digest.Digest{blob}, 1)
	return &cpuStage{
		pair:    p,
		buf:     make([]byte, readSize),
		nginx:   &sender{name: "nginx", node: p.giver, process: p.startNginx(p.giver), url: atNginx(blob)},
		served:  &sender{name: "served by the peer side", node: p.giver, process: p.giver.seeder, url: atPeer(blob)},
		proxied: &sender{name: "nginx as a proxy, which verifies nothing", node: p.taker, process: p.startNginx(p.taker), url: atProxy(blob)},
		relayed: &sender{name: "relayed and verified by the mirror", node: p.taker, process: p.taker.seeder, url: atMirror(blob)},
	}
}

func (s *cpuStage) senders() []*sender { return []*sender{s.nginx, s.served, s.proxied, s.relayed} }

// round has everybody send the blob several times, in turns, so that whatever
// else the machine does hits all of them. The first turn warms up.
func (s *cpuStage) round() {
	s.t.Helper()
	for turn := range 1 + cpuTurns {
		for _, x := range s.senders() {
			before := cpuSeconds(s.t, x.process.PID())
			if err := fetchAll(s.t.Context(), x.node.Host.Client(), x.url, s.buf, cpuBlob); err != nil {
				s.t.Fatalf("%w", err)
			}
			if turn == 0 {
				x.used = 0
				continue
			}
			x.used += cpuSeconds(s.t, x.process.PID()) - before
		}
	}
}

// hash is the CPU time that this program needs to hash a GiB which is in the
// processor's cache: the least that verifying costs.
func (s *cpuStage) hash() float64 {
	s.t.Helper()
	before, err1 := cpuOf(os.Getpid())
	h, piece := sha256.New(), s.buf[:256<<10]
	for range (1 << 30) / len(piece) {
		h.Write(piece)
	}
	after, err2 := cpuOf(os.Getpid())
	if err1 != nil || err2 != nil {
		s.t.Fatalf("CPU time: %w, %w", err1, err2)
	}
	return after - before
}
