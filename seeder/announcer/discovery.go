package announcer

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	resolveTimeout = 2 * time.Second
	resolveAgain   = 7500 * time.Millisecond // ± a third
	resolveSoon    = time.Second             // when a name has not yet had any address
)

// place is one entry of Config.Trackers: a tracker, or a name for several.
type place struct {
	scheme string
	host   string
	port   string // with dns
	dns    bool
	known  []string // the URLs that it stood for last
}

func parsePlace(entry string) (place, error) {
	rest, dns := strings.CutPrefix(entry, "dns:")
	if !dns {
		rest, dns = strings.CutPrefix(entry, "dns+")
	}
	if !strings.Contains(rest, "://") {
		rest = "http://" + rest
	}
	u, err := url.Parse(rest)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.User != nil {
		return place{}, fmt.Errorf("tracker %q: want host:port, a URL, or dns:name:port", entry)
	}
	if dns && u.Port() == "" {
		return place{}, fmt.Errorf("tracker %q: a name to resolve needs a port", entry)
	}
	if dns {
		return place{scheme: u.Scheme, host: u.Hostname(), port: u.Port(), dns: true}, nil
	}
	return place{known: []string{strings.TrimRight(rest, "/")}}, nil
}

// parsePlaces leaves out what it can't read: the other trackers are still of
// use.
func parsePlaces(entries []string, log *slog.Logger) []place {
	var all []place
	for _, e := range entries {
		p, err := parsePlace(e)
		if err != nil {
			log.Error("tracker is left out", "error", err)
			continue
		}
		all = append(all, p)
	}
	return all
}

// refresh looks a name up again. When that fails, what was known stays: it is
// more likely that the DNS is away than that all trackers are.
func (p *place) refresh(ctx context.Context, resolve func(context.Context, string) ([]string, error)) error {
	ctx, cancel := context.WithTimeout(ctx, resolveTimeout)
	defer cancel()
	addrs, err := resolve(ctx, p.host)
	if err != nil {
		return err
	}
	if len(addrs) == 0 {
		return fmt.Errorf("%s has no address", p.host)
	}
	p.known = nil
	for _, a := range addrs {
		p.known = append(p.known, p.scheme+"://"+net.JoinHostPort(a, p.port))
	}
	return nil
}

// discover returns the URLs of all trackers, each once, and when to look again;
// 0 means never.
func discover(ctx context.Context, places []place, cfg Config, log *slog.Logger) (urls []string, again time.Duration) {
	for i := range places {
		p := &places[i]
		if p.dns {
			again = spreadOut(resolveAgain)
			if err := p.refresh(ctx, cfg.ResolveHost); err != nil {
				log.Debug("tracker name lookup failed", "name", p.host, "error", err)
			}
		}
		urls = append(urls, p.known...)
	}
	if len(urls) == 0 && again > 0 {
		again = resolveSoon
	}
	slices.Sort(urls)
	return slices.Compact(urls), again
}
