package admin

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const app = "registry.example/app:1"

// tell makes a policy or a job.
func (b *bed) tell(method, path, body string) {
	b.t.Helper()
	r := httptest.NewRequest(method, root+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if w := b.do(r); w.Code != http.StatusOK {
		b.t.Fatalf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
}

func TestDigestsAreFoundByTheirBeginning(t *testing.T) {
	b := cluster(t)
	d := string(dg(4))
	want(t, "by twelve", ask[Digests](b, "/digests?begin="+d[:19]), Digests{[]Held{{dg(4), 0}}, Page{Total: 1}})
	want(t, "all", ask[Digests](b, "/digests?begin=sha256:&limit=1").Total, 4)
	want(t, "none", ask[Digests](b, "/digests?begin=sha512").Items, []Held{})
	for _, h := range ask[Digests](b, "/digests").Items {
		if h.Digest == dg(1) && h.Live != 3 {
			t.Errorf("%d live holders of a digest that three have", h.Live)
		}
	}
}

func TestCapacityIsOfAllZonesAndAPageOfNodes(t *testing.T) {
	b := cluster(t)
	first := ask[Capacity](b, "/capacity?limit=2")
	want(t, "nodes", names(first.Nodes, func(r Room) string { return r.Node }), []string{"a1", "a2"})
	want(t, "in all", first.Total, 3)
	rest := ask[Capacity](b, "/capacity?limit=2&cursor="+first.Next)
	want(t, "the rest", names(rest.Nodes, func(r Room) string { return r.Node }), []string{"b1"})
	want(t, "next", rest.Next, "")
	want(t, "zones", rest.Zones, first.Zones)
	want(t, "zones", names(first.Zones, func(r Room) string { return r.Zone }), []string{"a", "b"})
}

func TestPlacesAreTheFirstOfAll(t *testing.T) {
	b := cluster(t)
	b.add("c", "", nil, image(app, 1, 1))
	b.tell(http.MethodPut, "/policies/base", `{"name":"base","images":["**"],"factor":2}`)
	p := ask[Places](b, "/places?policy=base&limit=2&image="+app)
	want(t, "shown, in all", []int{len(p.Items), p.Total}, []int{2, 5})
}

func TestAJobSaysWhoHasItsImagesNow(t *testing.T) {
	const none = "registry.example/none:1"
	b := newBed(t, nil)
	b.add("n1", "a", nil, image(app, 1, 20))
	b.add("n2", "a", nil, image(app, 1, 10))
	b.add("n3", "a", nil, image(app, 2, 15))
	b.tell(http.MethodPost, "/jobs", `{"id":"j","images":["`+app+`","`+none+`"]}`)
	want(t, "images", ask[JobDetail](b, "/jobs/j").Images, []JobImage{{app, dg(1), 2}, {none, "", 0}})
	b.leave("n1")
	want(t, "when one has left", ask[JobDetail](b, "/jobs/j").Images[0], JobImage{app, dg(2), 1})
}
