package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// What the verbs cost without the network.
func BenchmarkVerbs(b *testing.B) {
	_, h := registered(b)
	for i := range 300 {
		from := trackerapi.Sender{Node: fmt.Sprint(i), Epoch: 1}
		post(h, "/v1/register", marshal(b, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: from.Node, Epoch: 1, Addr: "10.0.0.1:5002"}}))
		post(h, "/v1/announce", marshal(b, trackerapi.AnnounceRequest{Sender: from, Whole: true, Add: []digest.Digest{good}}))
	}
	twenty := make([]digest.Digest, 20)
	for i := range twenty {
		twenty[i] = good
	}
	for _, c := range []struct{ name, verb, body string }{
		{"heartbeat", "heartbeat", marshal(b, trackerapi.HeartbeatRequest{Sender: me})},
		{"lookup of 1", "lookup", marshal(b, trackerapi.LookupRequest{Node: "a", Digests: twenty[:1]})},
		{"lookup of 20", "lookup", marshal(b, trackerapi.LookupRequest{Node: "a", Digests: twenty})},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/"+c.verb, strings.NewReader(c.body)))
				if w.Code != http.StatusOK {
					b.Fatal(w.Body)
				}
			}
		})
	}
}
