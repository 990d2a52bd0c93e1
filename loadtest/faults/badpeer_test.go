package faults

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"path"
	"sync/atomic"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
)

// A node that lives and beats is named first, and serves badly in each way there
// is. Two others are well; there is no registry. Every pull completes.
func TestPullsCompleteWhoeverIsNamedFirst(t *testing.T) {
	testbed.Require(t)
	for name, c := range map[string]struct {
		serve func(http.ResponseWriter, *http.Request, []byte)
		gets  int // that a pull may take
	}{
		"accepts and never answers": {serve: nil, gets: 1},
		"answers and never sends":   {serve: silent, gets: 1},
		"1 KiB, once a second":      {serve: trickle(1024, time.Second), gets: 1},
		"1 KiB/s, byte by byte":     {serve: trickle(10, 10*time.Millisecond), gets: 1},
		"cuts every body":           {serve: cut, gets: 1},
		// Where another holder's chain is not there in time, who has read a wrong
		// byte can't be helped within the same body: it ends short, and is asked
		// for again.
		"wrong bytes": {serve: wrong, gets: 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, plan{trackers: 1, holders: 3, layer: 1 << 20, small: 3})
			s.first().seeder.Terminate(settled)
			s.gone(s.first(), time.Now())
			asked := s.impostor(t, "impostor").serve(c.serve)
			for range s.stock.small {
				completes(t, s, c.gets)
			}
			if asked.Load() == 0 {
				t.Error("the bad node was never asked: this proves nothing")
			}
		})
	}
}

// completes pulls a fresh blob, which takes so many GETs at most. None of them
// ends with wrong bytes as if it were whole.
func completes(t *testing.T, s *site, gets int) {
	t.Helper()
	d := s.stock.fresh()
	var p pull
	for range gets {
		if p = s.asker.pull(d, nil); p.err == nil {
			t.Logf("done after %s, with a pause of %s", p.took, p.pause)
			return
		}
		if p.size >= smallSize {
			t.Errorf("all bytes came, and they are wrong: %v", p.err)
		}
	}
	t.Errorf("the pull fails: %v", p.err)
}

// serve answers on the impostor's data port, and counts who connects.
func (i *impostor) serve(bad func(http.ResponseWriter, *http.Request, []byte)) *atomic.Int64 {
	i.t.Helper()
	asked := new(atomic.Int64)
	addr := fmt.Sprintf(":%d", testbed.PeerPort)
	if bad == nil {
		go hold(i.host.Listen(addr), asked)
		return asked
	}
	i.host.Serve(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return // a probe
		}
		data, err := i.site.stock.bytes(digest.Digest(path.Base(r.URL.Path)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		asked.Add(1)
		bad(w, r, data)
	}))
	return asked
}

// hold accepts connections until the listener is closed, and does nothing more.
func hold(l net.Listener, accepted *atomic.Int64) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		accepted.Add(1)
		defer c.Close()
	}
}

func headers(w http.ResponseWriter, data []byte) {
	w.Header().Set("Content-Length", fmt.Sprint(len(data)))
	w.Header().Set("Content-Type", "application/octet-stream")
	w.WriteHeader(http.StatusOK)
	_ = http.NewResponseController(w).Flush()
}

func silent(w http.ResponseWriter, r *http.Request, data []byte) {
	headers(w, data)
	<-r.Context().Done()
}

func trickle(bytes int, every time.Duration) func(http.ResponseWriter, *http.Request, []byte) {
	return func(w http.ResponseWriter, r *http.Request, data []byte) {
		headers(w, data)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for ; len(data) > 0; data = data[min(bytes, len(data)):] {
			if _, err := w.Write(data[:min(bytes, len(data))]); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush()
			select {
			case <-tick.C:
			case <-r.Context().Done():
				return
			}
		}
	}
}

func cut(w http.ResponseWriter, _ *http.Request, data []byte) {
	headers(w, data)
	_, _ = w.Write(data[:len(data)/2])
	panic(http.ErrAbortHandler)
}

func wrong(w http.ResponseWriter, r *http.Request, data []byte) {
	data = bytes.Clone(data)
	data[len(data)/2] ^= 1
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}
