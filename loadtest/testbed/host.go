package testbed

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"
)

// Host is a machine on the bed: a network namespace with its loopback and one
// link, eth0, to the switch.
type Host struct {
	Name string
	Addr netip.Addr // 10.77.0.1 is the first host's

	bed    *Bed
	ns     string
	port   string // the switch's end of the link
	client *http.Client
}

// Host is the host of this name, made when it is new. All hosts reach each
// other. Their neighbour tables are fixed, so that a host whose cable is pulled
// is silence to the others: no ARP that fails, no "no route to host".
func (b *Bed) Host(name string) *Host {
	b.t.Helper()
	for _, h := range b.hosts {
		if h.Name == name {
			return h
		}
	}
	n := len(b.hosts) + 1
	h := &Host{
		Name: name, Addr: netip.AddrFrom4([4]byte{10, 77, 0, byte(n)}),
		bed: b, ns: b.prefix + name, port: fmt.Sprintf("p%d", n),
	}
	h.client = &http.Client{Transport: &http.Transport{DialContext: h.Dial, DisableCompression: true}}
	b.t.Cleanup(h.client.CloseIdleConnections)
	h.plugIn()
	for _, other := range b.hosts {
		h.meet(other)
		other.meet(h)
	}
	b.hosts = append(b.hosts, h)
	return h
}

func (h *Host) mac() string { return fmt.Sprintf("02:77:00:00:00:%02x", h.Addr.As4()[3]) }

func (h *Host) plugIn() {
	sw := h.bed.switchNS()
	h.bed.ip("netns add " + h.ns)
	h.quiet()
	h.bed.ip(fmt.Sprintf("-n %s link add eth0 address %s type veth peer name %s netns %s", h.ns, h.mac(), h.port, sw))
	h.bed.ip(fmt.Sprintf("-n %s link set %s up master br0", sw, h.port))
	h.bed.ip(fmt.Sprintf("-n %s addr add %s/16 dev eth0", h.ns, h.Addr))
	h.bed.ip("-n " + h.ns + " link set eth0 up")
	h.bed.ip("-n " + h.ns + " link set lo up")
}

// quiet keeps IPv6's own chatter out of the counters of the links.
func (h *Host) quiet() {
	err := inside(h.ns, func() error {
		return os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	})
	if err != nil {
		h.bed.t.Fatalf("testbed: %v", err)
	}
}

// meet tells the host another one's address.
func (h *Host) meet(other *Host) {
	h.bed.ip(fmt.Sprintf("-n %s neigh replace %s lladdr %s dev eth0 nud permanent", h.ns, other.Addr, other.mac()))
}

// Dial connects from this host. It suits net/http's Transport.
func (h *Host) Dial(ctx context.Context, network, addr string) (c net.Conn, err error) {
	err = inside(h.ns, func() error {
		c, err = new(net.Dialer).DialContext(ctx, network, addr)
		return err
	})
	return c, err
}

// Listen listens on this host.
func (h *Host) Listen(addr string) net.Listener {
	h.bed.t.Helper()
	var l net.Listener
	err := inside(h.ns, func() (err error) {
		l, err = new(net.ListenConfig).Listen(h.bed.t.Context(), "tcp", addr)
		return err
	})
	if err != nil {
		h.bed.t.Fatalf("testbed: %s: %v", h.Name, err)
	}
	h.bed.t.Cleanup(func() { _ = l.Close() })
	return l
}

// Serve answers HTTP on this host for as long as the test lasts.
func (h *Host) Serve(addr string, handler http.Handler) {
	h.bed.t.Helper()
	s := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	l := h.Listen(addr)
	go func() { _ = s.Serve(l) }()
	h.bed.t.Cleanup(func() { _ = s.Close() })
}

// Client makes its requests from this host. It has no timeout of its own.
func (h *Host) Client() *http.Client { return h.client }

// At is the host:port at which others reach this host.
func (h *Host) At(port int) string { return netip.AddrPortFrom(h.Addr, uint16(port)).String() }
