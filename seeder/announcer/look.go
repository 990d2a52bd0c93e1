package announcer

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const lookTimeout = 300 * time.Millisecond // a little more than a tracker's own

// look has nodes looked at that the tracker can't reach. While the last ones are
// being looked at it does nothing: the tracker asks again, or somebody else.
func (s *session) look(looks []trackerapi.Look) {
	if len(looks) == 0 || len(looks) > trackerapi.MaxLooks {
		return
	}
	select {
	case s.looks <- looks:
	default:
	}
}

// lookAll looks at nodes and tells the tracker, which has to hear it within a
// fraction of an interval, of those that answer. Of the others there is nothing
// to tell: that they are silent it knows.
func (s *session) lookAll(ctx context.Context) {
	client := &http.Client{
		Transport:     s.lookTransport(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	for {
		select {
		case looks := <-s.looks:
			s.lookAt(ctx, client, looks)
		case <-ctx.Done():
			return
		}
	}
}

// lookTransport connects anew each time: that is what there is to find out.
func (s *session) lookTransport() http.RoundTripper {
	if s.cfg.roundTripper != nil {
		return s.cfg.roundTripper
	}
	return &http.Transport{DialContext: new(net.Dialer).DialContext, DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10}
}

func (s *session) lookAt(ctx context.Context, client *http.Client, looks []trackerapi.Look) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var looking sync.WaitGroup
	defer looking.Wait()
	for _, l := range looks {
		if !validAddr(l.Addr) {
			continue
		}
		looking.Go(func() {
			err := answers(ctx, client, l.Addr)
			s.log.Debug("look", "peer", l.Node, "addr", l.Addr, "error", err)
			if err == nil {
				s.report(trackerapi.Report{Peer: l.Node, Epoch: l.Epoch, Kind: trackerapi.KindAlive})
			}
		})
	}
}

// answers finds out whether the peer side at addr serves. Whatever it says: a
// TLS server, too, answers a plain request.
func answers(ctx context.Context, client *http.Client, addr string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/v2/", http.NoBody)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, res.Body, 1<<10)
	return res.Body.Close()
}
