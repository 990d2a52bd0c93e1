package api

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// What the verbs cost in a fleet of 15 000 nodes in three zones that hold half of
// 400 digests each, without the network and without net/http. Whoever asks is
// another one each time, as they are: most of what is looked at has to come from
// memory.
func BenchmarkVerbs(b *testing.B) {
	const nodes, digests = 15_000, 400
	h, all := fleetOf(b, nodes, digests)
	hash := []uint64{hashOf(all[:digests/2]), hashOf(all[digests/2:])}
	asks := map[string][]string{}
	for i := range 4096 {
		number := i * 7919 % nodes
		node := nameOf(number)
		twenty := make([]digest.Digest, 20)
		for k := range twenty {
			twenty[k] = all[rand.IntN(digests)]
		}
		asks["heartbeat"] = append(asks["heartbeat"], marshal(b, trackerapi.HeartbeatRequest{Sender: trackerapi.Sender{Node: node, Epoch: 1}, Seq: 1, SetHash: hash[number%2]}))
		asks["lookup"] = append(asks["lookup"], marshal(b, trackerapi.LookupRequest{Node: node, Digests: twenty[:1]}))
		asks["lookup of 20"] = append(asks["lookup of 20"], marshal(b, trackerapi.LookupRequest{Node: node, Digests: twenty}))
	}
	for _, name := range []string{"heartbeat", "lookup", "lookup of 20"} {
		verb, _, _ := strings.Cut(name, " ")
		b.Run(name, func(b *testing.B) { askAll(b, h, "/v1/"+verb, asks[name]) })
	}
}

func askAll(b *testing.B, h http.Handler, path string, bodies []string) {
	body := strings.NewReader("")
	r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://tracker"+path, io.NopCloser(body))
	if err != nil {
		b.Fatal(err)
	}
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		body.Reset(bodies[i%len(bodies)])
		r.ContentLength = body.Size()
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK {
			b.Fatal(w.status)
		}
	}
}

// sink takes an answer.
type sink struct {
	header http.Header
	status int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(status int)      { s.status = status }
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

func nameOf(i int) string { return fmt.Sprintf("node-%05d", i) }

// fleetOf makes a tracker to which so many nodes have announced half of the digests.
func fleetOf(b *testing.B, nodes, digests int) (h http.Handler, all []digest.Digest) {
	b.Helper()
	a, _ := newAPI()
	h = a.Nodes()
	for i := range digests {
		all = append(all, digest.FromString(fmt.Sprint(i)))
	}
	for i := range nodes {
		from := trackerapi.Sender{Node: nameOf(i), Epoch: 1}
		post(h, "/v1/register", marshal(b, trackerapi.RegisterRequest{Node: trackerapi.Node{
			Name: from.Node, Epoch: 1, Addr: "10.0.0.1:5002", Zone: fmt.Sprint("zone-", i%3),
		}}))
		half := all[i%2*digests/2:][:digests/2]
		post(h, "/v1/announce", marshal(b, trackerapi.AnnounceRequest{Sender: from, Whole: true, Seq: 1, SetHash: hashOf(half), Add: half}))
	}
	return h, all
}

func hashOf(all []digest.Digest) uint64 {
	var h trackerapi.SetHash
	for _, d := range all {
		h.Digest(d)
	}
	return uint64(h)
}
