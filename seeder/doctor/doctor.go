package doctor

import (
	"context"
	"time"
)

// Node is what has to be known of a seeder to examine its node.
type Node struct {
	Name string

	MirrorAddr  string // where containerd asks
	Shielded    bool   // others are kept from it, wherever it listens
	PeerAddr    string // where neighbours fetch from, as it listens
	MetricsAddr string
	Trackers    []string

	Containerd Containerd
}

// Containerd says where the node's containerd is.
type Containerd struct {
	// None: the node has none, the seeder keeps a store of its own.
	None        bool
	Address     string // its socket
	Namespace   string
	ContentPath string // as the seeder is told
	// ConfigFile is its configuration, for where the running containerd can't
	// be asked for it.
	ConfigFile string
}

// Deadlines of a single step. A healthy node takes milliseconds for each.
const (
	askTimeout  = 3 * time.Second  // one question to one program
	pullTimeout = 20 * time.Second // the pull of the probe, by containerd
	newsTimeout = 10 * time.Second // from a pull to the trackers' answers
)

// patient is a node under examination: checks leave here what later ones need.
type patient struct {
	Node
	settings *settings // containerd's; nil when they are not known
	identity *identity // of the running seeder; nil when it does not answer
	hasImage bool      // the probe, pulled through the mirror
	remove   func()    // the probe from containerd
}

// Examine makes all checks, one after the other. It ends early, with what it
// has, when ctx does. The pull through the mirror leaves nothing behind.
func Examine(ctx context.Context, n Node) []Result {
	p := &patient{Node: n}
	p.remove = func() {}
	defer func() { p.remove() }()
	var all []Result
	for _, check := range []func(context.Context, *patient) []Result{
		containerd, ports, mirror, trackers,
	} {
		if ctx.Err() == nil {
			all = append(all, check(ctx, p)...)
		}
	}
	return p.relent(all)
}

// relent takes back what was only concluded from containerd's settings: a
// containerd that has reached the mirror has read a hosts.toml, by a default or a
// way that this doctor does not know.
func (p *patient) relent(all []Result) []Result {
	for i, r := range all {
		if p.hasImage && r.Check == checkConfigPath && r.Status == Fault {
			all[i] = ok(checkConfigPath, "%s, and yet containerd has found the mirror", r.What)
		}
	}
	return all
}
