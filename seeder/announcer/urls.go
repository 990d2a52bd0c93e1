package announcer

import (
	"context"
	"net"
)

// URLs are those of the trackers that one entry of [Config.Trackers] stands for
// at the moment. It takes 2 s at most; the error says what is wrong with the
// entry, or that its name has no address.
func URLs(ctx context.Context, entry string) ([]string, error) {
	p, err := parsePlace(entry)
	if err != nil {
		return nil, err
	}
	if p.dns {
		err = p.refresh(ctx, net.DefaultResolver.LookupHost)
	}
	return p.known, err
}
