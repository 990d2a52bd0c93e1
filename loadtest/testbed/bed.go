package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
)

// Bed is a switch and the hosts on it. Its methods are for one goroutine, those
// of its hosts and processes for any.
type Bed struct {
	t      T
	prefix string // of the names of its namespaces
	dir    string // everything that its processes write; paths are short, for sockets
	hosts  []*Host

	mu      sync.Mutex
	started []*Process // in order of their start
}

var beds atomic.Int64

// New builds a bed without hosts.
func New(t T) *Bed {
	t.Helper()
	removeStale()
	b := &Bed{t: t, prefix: fmt.Sprintf("%s%d-%d-", namePrefix, os.Getpid(), beds.Add(1))}
	dir, err := os.MkdirTemp("", b.prefix)
	if err != nil {
		t.Fatalf("testbed: %v", err)
	}
	b.dir = dir
	t.Cleanup(b.close)
	b.ip("netns add " + b.switchNS())
	b.ip("-n " + b.switchNS() + " link add br0 type bridge mcast_snooping 0")
	b.ip("-n " + b.switchNS() + " link set br0 up")
	return b
}

// Dir is a folder of this name for what belongs to the bed. It goes with it.
func (b *Bed) Dir(name string) string {
	b.t.Helper()
	dir := filepath.Join(b.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		b.t.Fatalf("testbed: %v", err)
	}
	return dir
}

func (b *Bed) switchNS() string { return b.prefix + "sw" }

func (b *Bed) track(p *Process) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.started = append(b.started, p)
}

// close ends the processes, shows what they said if the test has failed, and
// takes the bed down.
func (b *Bed) close() {
	for _, p := range b.started {
		p.Kill()
		if fault := p.fault(); fault != "" {
			b.t.Errorf("%s: %s", p.name, fault)
		}
	}
	if b.t.Failed() {
		for _, p := range b.started {
			b.t.Logf("%s (%s):\n%s", p.name, p.fate(), p.Tail(40))
		}
	}
	for _, h := range b.hosts {
		removeNamespace(h.ns)
	}
	removeNamespace(b.switchNS())
	if err := os.RemoveAll(b.dir); err != nil {
		b.t.Logf("testbed: %v", err)
	}
}

// ip runs one ip(8) command.
func (b *Bed) ip(args string) { b.t.Helper(); b.must("", "ip", strings.Fields(args)...) }

// must runs a short command to its end.
func (b *Bed) must(stdin, name string, args ...string) string {
	b.t.Helper()
	out, err := run(stdin, name, args...)
	if err != nil {
		b.t.Fatalf("testbed: %v", err)
	}
	return out
}
