package announcer

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/drayproject/dray/shared/trackerapi"
)

// maxHolders is more than any tracker hands out for one digest.
const maxHolders = 64

// checkHandouts refuses what a sound tracker would not say. What passes can be
// used without another look.
func checkHandouts(hs []trackerapi.Handout) error {
	for _, h := range hs {
		if len(h) > maxHolders {
			return fmt.Errorf("a handout with %d holders", len(h))
		}
		for _, holder := range h {
			if err := checkHolder(holder); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkHolder(h trackerapi.Holder) error {
	if h.Node == "" || max(len(h.Node), len(h.Zone), len(h.Addr)) > trackerapi.MaxName {
		return fmt.Errorf("a holder named %.32q in zone %.32q", h.Node, h.Zone)
	}
	if !validAddr(h.Addr) {
		return fmt.Errorf("holder %q has the address %q", h.Node, h.Addr)
	}
	return nil
}

// validAddr takes host:port with an IP address or a host name. It is no stricter
// than trackers are when a node registers: else one odd node would make every
// tracker that knows it look broken. Zones mean nothing on another machine.
func validAddr(addr string) bool {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.Zone() == "" && !ip.IsUnspecified()
	}
	return host != "" && strings.Trim(host, hostRunes) == ""
}

const hostRunes = ".-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// checkImages holds an answer to its question; an unknown name has no digest.
func checkImages(names []string, images []trackerapi.Image) error {
	for i, image := range images {
		if image.Digest == "" {
			continue
		}
		if err := image.Digest.Validate(); err != nil || image.Name != names[i] {
			return fmt.Errorf("asked for %.64q, got %.64q with digest %.80q", names[i], image.Name, image.Digest)
		}
	}
	return nil
}
