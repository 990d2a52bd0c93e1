package doctor

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/announcer"
	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	// maxSkew is far beyond what the rounding of a Date header and a slow
	// answer can make of clocks that agree.
	maxSkew  = 5 * time.Second
	askAgain = 100 * time.Millisecond

	// asker is no node: the trackers leave the asker itself out of answers.
	asker = "seeder-doctor"
)

// trackers asks each of them who has the probe that was just pulled: the
// answer must be this node, at an address that leads here.
func trackers(ctx context.Context, p *patient) []Result {
	if len(p.Trackers) == 0 {
		return []Result{fault(checkTrackers, "no tracker is set",
			"Without one the node finds no neighbours.", "start the seeder with --trackers=HOST:7070,…")}
	}
	var all []Result
	for _, entry := range p.Trackers {
		urls, err := announcer.URLs(ctx, entry)
		if err != nil {
			all = append(all, fault(checkTrackers, fmt.Sprintf("tracker %q is not found: %v", entry, err),
				"A name that does not resolve is a tracker that is never told what this node has.",
				"correct --trackers, or the DNS"))
		}
		for _, url := range urls {
			all = append(all, p.tracker(ctx, url)...)
		}
	}
	return all
}

func (p *patient) tracker(ctx context.Context, url string) []Result {
	t := newTracker(url)
	if _, err := t.holders(ctx, digest.FromString("")); err != nil {
		return []Result{fault(checkTrackers, fmt.Sprintf("tracker %s does not answer: %v", url, err),
			"The node neither tells it what it has, nor learns from it who has what.",
			"see whether the tracker runs, and whether a firewall lets this node reach its port: curl -m 3 -i "+url+"/v1/")}
	}
	all := []Result{ok(checkTrackers, "%s answers", url), judgeClock(url, t.skew)}
	if !p.hasImage {
		return all
	}
	return append(all, p.address(ctx, t))
}

// judgeClock compares this machine's clock with a tracker's.
func judgeClock(url string, skew time.Duration) Result {
	if skew.Abs() <= maxSkew {
		return ok(checkClock, "agrees with %s", url)
	}
	way := "behind"
	if skew < 0 {
		way = "ahead of"
	}
	return fault(checkClock, fmt.Sprintf("this clock is %s %s that of %s", skew.Abs().Round(time.Second), way, url),
		"While a registry is down, the newest image of a tag is served, by the clocks of the nodes that pulled it; and TLS needs clocks that are right.",
		"timedatectl set-ntp true, here or, if several nodes say the same, on the tracker's machine")
}

// address is where the tracker sends neighbours for this node's content.
func (p *patient) address(ctx context.Context, t *tracker) Result {
	addr, err := t.address(ctx, p.identity)
	if err != nil {
		return fault(checkAddress, fmt.Sprintf("tracker %s does not name this node for what it has: %v", t.url, err),
			"Neighbours are never sent here.",
			"see the seeder's log for what the tracker refuses; node names must be unique (--node-name)")
	}
	return p.judgeAddress(ctx, t.url, addr)
}

func (p *patient) judgeAddress(ctx context.Context, url, addr string) Result {
	const why = "Every neighbour that is sent here loses time, and goes elsewhere."
	fix := "start the seeder with --advertise=HOST:PORT, by which other machines reach its --peer-listen " + p.PeerAddr
	host, _, _ := net.SplitHostPort(addr)
	if ip := net.ParseIP(host); ip.IsLoopback() || ip.IsUnspecified() {
		return fault(checkAddress, fmt.Sprintf("neighbours are told to come to %s, which is no address of this machine for others", addr), why, fix)
	}
	id, err := identify(ctx, addr)
	if err != nil {
		return fault(checkAddress, fmt.Sprintf("neighbours are told to come to %s, where this seeder is not: %v", addr, err), why,
			fix+"\nand see that no firewall closes it")
	}
	if id != *p.identity {
		return fault(checkAddress, fmt.Sprintf("neighbours are told to come to %s, where another seeder is, of node %q", addr, id.Node), why, fix)
	}
	return ok(checkAddress, "%s sends neighbours to %s, which leads here", url, addr)
}

// tracker asks one of them. It notes what its clock says.
type tracker struct {
	url    string
	client *trackerapi.Client
	skew   time.Duration // how far its clock is ahead of ours
}

func newTracker(url string) *tracker {
	t := &tracker{url: url}
	t.client = trackerapi.NewClient(url, &http.Client{Transport: t})
	return t
}

// RoundTrip reads the Date header, which has whole seconds, on the way.
func (t *tracker) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := client.Transport.RoundTrip(r)
	if err == nil {
		if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
			t.skew = time.Until(date)
		}
	}
	return res, err
}

func (t *tracker) holders(ctx context.Context, d digest.Digest) (trackerapi.Handout, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	r, err := t.client.Lookup(ctx, trackerapi.LookupRequest{Node: asker, Digests: []digest.Digest{d}})
	if err != nil {
		return nil, err
	}
	return r.Handouts[0], nil
}

// address waits until the tracker knows that this node has the probe.
func (t *tracker) address(ctx context.Context, id *identity) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, newsTimeout)
	defer cancel()
	for {
		all, err := t.holders(ctx, id.Image)
		for _, h := range all {
			if h.Node == id.Node {
				return h.Addr, nil
			}
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = fmt.Errorf("it names %d others", len(all))
			}
			return "", err
		case <-time.After(askAgain):
		}
	}
}
