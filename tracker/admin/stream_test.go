package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/roster"
)

const patience = 20 * time.Second

// follower reads a stream, event by event.
type follower struct {
	t     *testing.T
	lines *bufio.Scanner
	res   *http.Response
}

func follow(t *testing.T, server *httptest.Server, query, last string) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+root+"/events"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	res, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = res.Body.Close() })
	return &follower{t, bufio.NewScanner(res.Body), res}
}

// next is the next event's name, ID and data; all empty at the end.
func (f *follower) next() (name, id, data string) {
	for f.lines.Scan() {
		field, value, _ := strings.Cut(f.lines.Text(), ": ")
		switch field {
		case "event":
			name = value
		case "id":
			id = value
		case "data":
			data = value
		case "":
			if data != "" {
				return name, id, data
			}
		}
	}
	return "", "", ""
}

func (f *follower) want(name, part string) (id string) {
	f.t.Helper()
	got, id, data := f.next()
	if got != name || !strings.Contains(data, part) || !json.Valid([]byte(data)) {
		f.t.Fatalf("event %q %s; want %s with %s", got, data, name, part)
	}
	return id
}

func serve(t *testing.T, b *bed) *httptest.Server {
	server := httptest.NewServer(b.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(b.Stop)
	return server
}

func TestEventsAreFollowedAsTheyHappen(t *testing.T) {
	b := newBed(t, nil)
	b.add("before", "", nil)
	f := follow(t, serve(t, b), "", "")
	if got := f.res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("content type %q", got)
	}
	f.want("tick", `"ready":1`)
	b.add("n", "", nil)
	f.want("verdict", `"node":"n"`)
	b.Pulls.Hear("n", []trackerapi.Ingest{{Digest: dg(1), Offset: 1, Parent: "m"}}, true)
	f.want("pull", `"state":"running"`)
	b.Pulls.Hear("n", nil, true)
	f.want("pull", `"state":"lost"`)
}

func TestAStreamGoesOnWhereItWasLeft(t *testing.T) {
	b := newBed(t, nil)
	server := serve(t, b)
	f := follow(t, server, "", "")
	f.want("tick", "")
	b.add("a", "", nil)
	id := f.want("verdict", `"node":"a"`)
	b.add("b", "", nil)
	for _, again := range []*follower{follow(t, server, "?after="+id, ""), follow(t, server, "", id)} {
		again.want("tick", "")
		again.want("verdict", `"node":"b"`)
	}
}

func TestAStreamIsToldOfAGap(t *testing.T) {
	b := newBed(t, func(p *Parts) { p.Log = events.NewLog(2) })
	server := serve(t, b)
	at := b.Log.Last()
	for _, node := range []string{"a", "b", "c"} {
		verdict(b, node)
	}
	f := follow(t, server, fmt.Sprintf("?after=%d", at), "")
	f.want("tick", "")
	f.want("gap", "")
	f.want("verdict", `"node":"b"`)
	f.want("verdict", `"node":"c"`)
	verdict(b, "d")
	f.want("verdict", `"node":"d"`)
}

func verdict(b *bed, node string) {
	b.Log.Observe(roster.Verdict{Node: node, From: roster.Ready, To: roster.Dead})
}

func TestStreamsEndWhenTheTrackerStops(t *testing.T) {
	b := newBed(t, nil)
	f := follow(t, serve(t, b), "", "")
	f.want("tick", "")
	b.Stop()
	if name, _, data := f.next(); name != "" {
		t.Fatalf("after the end: %s %s", name, data)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	b := newBed(t, nil)
	server := serve(t, b)
	if !b.streams.TryAcquire(maxStreams - 1) {
		t.Fatal("there are streams already")
	}
	last := follow(t, server, "", "")
	last.want("tick", "")
	if res := follow(t, server, "", "").res; res.StatusCode != http.StatusServiceUnavailable || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Fatalf("one too many: %d %s", res.StatusCode, res.Header)
	}
	_ = last.res.Body.Close()
	for begin := time.Now(); time.Since(begin) < patience; <-time.After(10 * time.Millisecond) {
		if follow(t, server, "", "").res.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatal("the place of a stream that has ended is not given to another")
}
