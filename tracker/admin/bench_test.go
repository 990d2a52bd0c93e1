package admin

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// fill makes 15 000 nodes that have 500 of some 23 000 digests each, the popular
// images of 3000 more often than the others.
func (b *bed) fill(t testing.TB) (image string, manifest digest.Digest) {
	const nodes, perNode, images, layers = 15_000, 500, 3000, 7
	r := rand.New(rand.NewPCG(1, 1))
	popular := rand.NewZipf(r, 1.1, 20, images-1)
	nameOf := func(i int) string { return fmt.Sprintf("registry.example/team-%d/app-%d:1", i%97, i) }
	parts := make([][]digest.Digest, images)
	for i := range parts {
		for part := range layers + 1 {
			parts[i] = append(parts[i], digest.FromString(fmt.Sprint(i, " ", part)))
		}
	}
	for i := range nodes {
		n, _, err := b.Roster.Register(trackerapi.Node{
			Name: fmt.Sprintf("node-%05d", i), Epoch: 1, Addr: fmt.Sprintf("10.0.%d.%d:5002", i/250, i%250), Zone: fmt.Sprint("zone-", i%3),
		})
		if err != nil {
			t.Fatal(err)
		}
		has := map[int]bool{}
		whole := &trackerapi.AnnounceRequest{Whole: true, Seq: 1}
		for len(whole.Add) < perNode {
			k := int(popular.Uint64())
			if has[k] {
				k = r.IntN(images)
			}
			if !has[k] {
				has[k] = true
				whole.Add = append(whole.Add, parts[k]...)
				whole.Images = append(whole.Images, trackerapi.Image{Name: nameOf(k), Digest: parts[k][0], UpdatedAt: time.Unix(1, 0)})
			}
		}
		b.Index.Apply(n.Ordinal(), whole)
	}
	return nameOf(0), parts[0][0]
}

// BenchmarkQuestions asks for what looks at much, in a large cluster. The times
// have pauses in them; what counts is the CPU time and what is allocated.
func BenchmarkQuestions(b *testing.B) {
	bed := newBed(b, nil)
	image, manifest := bed.fill(b)
	const policy = `{"name":"base","images":["registry.example/team-1/**"],"factor":3}`
	put := httptest.NewRequest(http.MethodPut, root+"/policies/base", strings.NewReader(policy))
	put.Header.Set("Content-Type", "application/json")
	bed.Handler().ServeHTTP(httptest.NewRecorder(), put)
	for _, path := range []string{
		"/summary", "/zones", "/nodes?limit=1000", "/nodes/node-00100/digests?limit=1000", "/digests?limit=1000", "/digests/" + string(manifest),
		"/digests/" + string(manifest) + "/holders?limit=1000", "/images?limit=1000", "/images/" + strings.ReplaceAll(image, "/", "%2F"),
		"/at-risk", "/at-risk?copies=1000&limit=1000", "/what-if?node=node-00100", "/what-if?zone=zone-1&copies=1000&limit=1000",
		"/capacity", "/places?policy=base&image=registry.example/team-1/app-1:1",
	} {
		b.Run(strings.TrimPrefix(path, "/"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w := httptest.NewRecorder()
				bed.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, root+path, nil))
				if w.Code != http.StatusOK {
					b.Fatal(w.Code, w.Body)
				}
			}
		})
	}
}
