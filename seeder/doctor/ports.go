package doctor

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
)

// maxAnswer is more than any program needs to say who it is, in bytes.
const maxAnswer = 4 << 10

// client connects anew for every question, past any proxy.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}

// ports asks the running seeder for its name, on each of its addresses.
func ports(ctx context.Context, p *patient) []Result {
	id, err := identify(ctx, p.MirrorAddr)
	if err != nil {
		return []Result{noSeeder("mirror", p.MirrorAddr, err)}
	}
	p.identity = &id
	all := []Result{judgeMirrorAddr(p.MirrorAddr, p.Shielded)}
	switch peer, err := identify(ctx, p.PeerAddr); {
	case err != nil:
		all = append(all, noSeeder("peer", p.PeerAddr, err))
	case peer != id:
		all = append(all, stranger(p.PeerAddr, peer.Node))
	default:
		all = append(all, ok(checkPorts, "neighbours are served on %s", p.PeerAddr))
	}
	if err := ask(ctx, "http://"+within(p.MetricsAddr)+"/livez", nil); err != nil {
		return append(all, noSeeder("metrics", p.MetricsAddr, err))
	}
	return append(all, ok(checkPorts, "metrics are on %s", p.MetricsAddr))
}

func judgeMirrorAddr(addr string, shielded bool) Result {
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); shielded || host == "localhost" || ip.IsLoopback() {
		return ok(checkPorts, "containerd is served on %s", addr)
	}
	return fault(checkPorts, "the mirror listens on "+addr+", beyond loopback",
		"It needs no password: who reaches it reads every image of this node, and can have it pull others.",
		"start the seeder with --mirror-listen=127.0.0.1:5001; where it can't be, as in a pod's own network,\nkeep others away, such as by a network policy, and say so with --mirror-shielded")
}

func noSeeder(what, addr string, err error) Result {
	return fault(checkPorts, fmt.Sprintf("no seeder answers on its %s address %s: %v", what, addr, err),
		"containerd then asks the registry for everything, and neighbours get nothing from here.",
		fmt.Sprintf("start the seeder, and see its log; if another program has the port (ss -ltnp), set --%s-listen;\nif the seeder runs with other settings, give the same ones to seeder doctor", what))
}

func stranger(addr, node string) Result {
	return fault(checkPorts, fmt.Sprintf("%s is answered by another seeder, of node %q", addr, node),
		"Neighbours that come for this node's layers meet the wrong seeder.",
		"stop the second seeder of this machine, or give each --mirror-listen, --peer-listen and --metrics-listen of its own")
}

// identify asks a seeder who it is.
func identify(ctx context.Context, addr string) (id identity, err error) {
	err = ask(ctx, "http://"+within(addr)+identityPath, func(r io.Reader) error {
		return json.NewDecoder(r).Decode(&id)
	})
	return id, err
}

// ask makes a GET that must end with 200.
func ask(ctx context.Context, url string, read func(io.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s is no seeder's answer", res.Status)
	}
	if read == nil {
		return nil
	}
	return read(io.LimitReader(res.Body, maxAnswer))
}

// within is how the machine itself reaches what listens on addr. A URL may not
// have IPv4 in brackets, a listener may.
func within(addr string) string {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}
