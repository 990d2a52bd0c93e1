package bench

import (
	"crypto/sha256"
	"os"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
)

const (
	cpuBlob  = 1 << 30 // bytes; it stays in the page cache
	cpuTimes = 4       // so often a round: the kernel counts CPU time in steps of 10 ms
)

// cpuStage is one large blob, and a client that reads it on the loopback of
// whoever sends it.
type cpuStage struct {
	*pair
	report *Report
	blob   digest.Digest
	buf    []byte
}

// measureCPU compares what the giver's peer side, the taker's mirror and nginx
// use to send the same bytes. The mirror and the proxy get them from the giver,
// whose own work doesn't count.
func measureCPU(t testbed.T, r *Report) {
	s := &cpuStage{pair: newPair(t), report: r, buf: make([]byte, readSize)}
	s.blob = s.giver.fill(t, "cpu", 1, cpuBlob)[0]
	s.waitAnnounced([]digest.Digest{s.blob}, 1)
	origin, proxy := s.nginx(s.giver), s.nginx(s.taker)
	for range r.Rounds {
		base := s.use("nginx", s.giver, origin, atNginx(s.blob))
		served := s.use("served by the peer side", s.giver, s.giver.seeder, atPeer(s.blob))
		r.note("served / nginx", "×", atMost(1.2), served/base)
		s.use("nginx as a proxy, which verifies nothing", s.taker, proxy, atProxy(s.blob))
		r.note("SHA-256 alone", "CPU s/GiB", nil, s.hash())
		relayed := s.use("relayed and verified by the mirror", s.taker, s.taker.seeder, atMirror(s.blob))
		r.note("relayed / nginx", "×", atMost(3), relayed/base)
	}
}

// use notes and returns the CPU time of the process, in seconds for each GiB
// that it sends.
func (s *cpuStage) use(what string, n *node, p *testbed.Process, url string) float64 {
	s.t.Helper()
	s.read(n, url) // opens the connection, and warms up
	before := cpuSeconds(s.t, p.PID())
	for range cpuTimes {
		s.read(n, url)
	}
	used := (cpuSeconds(s.t, p.PID()) - before) / (cpuTimes * cpuBlob / (1 << 30))
	s.report.note(what, "CPU s/GiB", nil, used)
	return used
}

func (s *cpuStage) read(n *node, url string) {
	s.t.Helper()
	if _, err := fetchAll(s.t.Context(), n.Host.Client(), url, s.buf, cpuBlob); err != nil {
		s.t.Fatalf("%w", err)
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
