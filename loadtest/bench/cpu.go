package bench

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
)

const (
	cpuBlob  = 1 << 30 // bytes; it stays in the page cache
	cpuTimes = 4       // so often a round: the kernel counts CPU time in steps of 10 ms
)

// cpuStage is one large blob, and a client that reads it on the loopback of
// whoever serves it.
type cpuStage struct {
	*pair
	report *Report
	blob   digest.Digest
	buf    []byte
}

// measureCPU compares what nginx, the giver's peer side and the taker's mirror
// use to send the same bytes. The mirror gets them from the giver, which is a
// process of its own and doesn't count.
func measureCPU(t testbed.T, r *Report) {
	s := &cpuStage{pair: newPair(t), report: r, buf: make([]byte, readSize)}
	s.blob = s.giver.fill(t, "cpu", 1, cpuBlob)[0]
	s.waitAnnounced([]digest.Digest{s.blob}, 1)
	nginx := s.nginx(s.giver)
	for range r.Rounds {
		base := s.use(s.giver, nginx, atNginx(s.blob))
		served := s.use(s.giver, s.giver.seeder, atPeer(s.blob))
		relayed := s.use(s.taker, s.taker.seeder, atMirror(s.blob))
		r.note("nginx", "CPU s/GiB", nil, base)
		r.note("served by the peer side", "CPU s/GiB", nil, served)
		r.note("relayed by the mirror", "CPU s/GiB", nil, relayed)
		r.note("served / nginx", "×", atMost(1.2), served/base)
		r.note("relayed / nginx", "×", atMost(3), relayed/base)
	}
}

// use is the CPU time of the process in seconds for each GiB that it sends.
func (s *cpuStage) use(n *node, p *testbed.Process, url string) float64 {
	s.t.Helper()
	s.read(n, url) // opens the connection, and warms up
	before := cpuSeconds(s.t, p.PID())
	for range cpuTimes {
		s.read(n, url)
	}
	return (cpuSeconds(s.t, p.PID()) - before) / (cpuTimes * cpuBlob / (1 << 30))
}

func (s *cpuStage) read(n *node, url string) {
	s.t.Helper()
	if _, err := fetchAll(s.t.Context(), n.Host.Client(), url, s.buf, cpuBlob); err != nil {
		s.t.Fatalf("%w", err)
	}
}
