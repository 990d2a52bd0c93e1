package api

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// peerAddr checks the address that a node gives, host:port with a literal IP
// or a DNS name. A node that does not know how others see it leaves the host
// out or gives an unspecified one: then it is where the request came from.
func peerAddr(addr, remote string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", invalid("addr %q: want host:port, IPv6 addresses in brackets", addr)
	}
	if p, err := strconv.ParseUint(port, 10, 16); err != nil || p == 0 {
		return "", invalid("addr %q: the port must be between 1 and 65535", addr)
	}
	ip, err := netip.ParseAddr(host)
	switch {
	case host == "" || (err == nil && ip.IsUnspecified()):
		from, err := netip.ParseAddrPort(remote)
		if err != nil {
			return "", invalid("addr %q has no host, and where the request came from is unknown", addr)
		}
		host = from.Addr().Unmap().WithZone("").String()
	case err == nil && ip.Zone() != "":
		return "", invalid("addr %q: an address with a zone means nothing on another machine", addr)
	case err != nil && !isHostName(host):
		return "", invalid("addr %q: the host is neither an IP address nor a DNS name", addr)
	}
	return net.JoinHostPort(host, port), nil
}

func isHostName(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_'
	})
}
