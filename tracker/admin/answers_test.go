package admin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func image(name string, d int, at int64) trackerapi.Image {
	return trackerapi.Image{Name: name, Digest: dg(d), UpdatedAt: time.Unix(at, 0).UTC()}
}

// cluster has three zones: a1, a2 and a3 in a, of which a3 has left; b1 in b;
// and none without a zone.
func cluster(t *testing.T) *bed {
	b := newBed(t, nil)
	b.add("a1", "a", dgs(1, 2, 3), image("app:1", 1, 20))
	b.add("a2", "a", dgs(1, 2), image("app:1", 1, 10))
	b.add("a3", "a", dgs(1, 4))
	b.add("b1", "b", dgs(1), image("app:1", 5, 15), image("tool:2", 1, 15))
	b.leave("a3")
	return b
}

func names[T any](items []T, name func(T) string) []string {
	all := []string{}
	for _, i := range items {
		all = append(all, name(i))
	}
	return all
}

func want(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v; want %+v", what, got, want)
	}
}

func TestSummary(t *testing.T) {
	b := cluster(t)
	b.Parts.Memory = func() Memory { return Memory{State: "warm", Written: 3} }
	b.Index.Accuse(b.Roster.ByName("a1").Ordinal(), dg(1), trackerapi.KindCorrupt)
	b.Pulls.Hear("b1", []trackerapi.Ingest{{Digest: dg(2), Offset: 7, Parent: "a1"}}, true)
	s := ask[Summary](b, "/summary")
	want(t, "nodes", s.Nodes, States{Ready: 3, Draining: 1})
	want(t, "content", s.Content, Content{Digests: 4, Images: 2, Holdings: 8, Withheld: 1})
	want(t, "pulls", s.Pulls, Traffic{Running: 1, PeerBytes: 7})
	want(t, "memory", s.Tracker.Memory, &Memory{State: "warm", Written: 3})
	want(t, "status", s.Tracker.Status, "ready")
	want(t, "zones", ask[Zones](b, "/zones").Items, []Zone{{"a", States{Ready: 2, Draining: 1}}, {"b", States{Ready: 1}}})
	b.Stop()
	want(t, "status", ask[Summary](b, "/summary").Tracker.Status, "stopping")
}

func TestNodesAreFiltered(t *testing.T) {
	b := cluster(t)
	if _, _, err := b.Roster.Register(trackerapi.Node{Name: "c", Epoch: 1, Addr: "10.0.0.1:1", Labels: map[string]string{"disk": "ssd"}}); err != nil {
		t.Fatal(err)
	}
	for query, found := range map[string]string{
		"":                              "a1 a2 a3 b1 c",
		"state=ready":                   "a1 a2 b1 c",
		"state=draining&state=dead":     "a3",
		"zone=a":                        "a1 a2 a3",
		"zone=a&zone=b":                 "a1 a2 a3 b1",
		"zone=a&state=ready":            "a1 a2",
		"name=1":                        "a1 b1",
		"label=disk":                    "a1 a2 a3 b1 c",
		"label=disk=ssd":                "c",
		"label=disk%3D":                 "a1 a2 a3 b1",
		"label=disk&label=arch=arm64":   "a1 a2 a3 b1",
		"label=arch=amd64":              "",
		"zone=nowhere":                  "",
		"state=ready&zone=a&name=2":     "a2",
		"label=disk=ssd&label=arch=arm": "",
	} {
		got := ask[Nodes](b, "/nodes?"+query)
		if list := strings.Join(names(got.Items, func(n Node) string { return n.Name }), " "); list != found || got.Total != len(got.Items) {
			t.Errorf("%s: %s, %d in all; want %s", query, list, got.Total, found)
		}
	}
}

func TestPagesTogetherAreTheWholeList(t *testing.T) {
	b := cluster(t)
	for list, whole := range map[string]int{
		"/nodes?": 4, "/nodes?state=ready&": 3, "/nodes/a1/digests?": 3, "/digests/" + string(dg(1)) + "/holders?": 4,
		"/images?": 2, "/digests?": 4, "/at-risk?copies=9&": 4, "/what-if?zone=a&": 3, "/verdicts?": 5,
	} {
		t.Run(list, func(t *testing.T) {
			type page struct {
				Items []json.RawMessage `json:"items"`
				Next  string            `json:"next"`
			}
			seen := map[string]bool{}
			var order []string
			for cursor := ""; ; {
				var p page
				if err := json.Unmarshal(b.get(list+"limit=1&cursor="+cursor).Body.Bytes(), &p); err != nil || len(p.Items) != 1 {
					t.Fatalf("%v: a page of %d", err, len(p.Items))
				}
				order = append(order, string(p.Items[0]))
				seen[string(p.Items[0])] = true
				if cursor = p.Next; cursor == "" {
					break
				}
			}
			var all page
			if err := json.Unmarshal(b.get(list).Body.Bytes(), &all); err != nil {
				t.Fatal(err)
			}
			var atOnce []string
			for _, i := range all.Items {
				atOnce = append(atOnce, string(i))
			}
			if len(seen) != whole || !slices.Equal(order, atOnce) {
				t.Errorf("page by page %v; at once %v; want %d", order, atOnce, whole)
			}
		})
	}
}

func TestOneNode(t *testing.T) {
	b := cluster(t)
	load := trackerapi.Load{Uploads: 2, Slots: 2, UploadRate: 5, LatencyMS: 6, Degraded: "store"}
	if _, err := b.Roster.Heartbeat(trackerapi.Sender{Node: "a1", Epoch: 1}, load, nil); err != nil {
		t.Fatal(err)
	}
	b.Pulls.Hear("a1", []trackerapi.Ingest{{Digest: dg(9), Offset: 3, Size: 10, Parent: "b1", Rate: 2}}, true)
	n := ask[NodeDetail](b, "/nodes/a1")
	want(t, "load", n.Load, NodeLoad{2, 2, 5, 6})
	want(t, "zone, digests, images", []any{n.Zone, n.Digests, n.Images, n.Busy, n.Degraded}, []any{"a", 3, 1, true, "store"})
	if len(n.History.Latest) != 1 || n.History.Latest[0].State != "ready" || n.History.Latest[0].Reason != "register" {
		t.Errorf("history %+v", n.History)
	}
	if len(n.Pulls) != 1 || n.Pulls[0].Digest != dg(9) || n.Pulls[0].State != "running" || n.Pulls[0].Sources[0] != (PullSource{"b1", 3}) {
		t.Errorf("pulls %+v", n.Pulls)
	}
	held := ask[Inventory](b, "/nodes/a1/digests")
	live := map[digest.Digest]int{}
	for _, h := range held.Items {
		live[h.Digest] = h.Live
	}
	want(t, "inventory", live, map[digest.Digest]int{dg(1): 3, dg(2): 2, dg(3): 1})
}

func TestDrainAndUndrain(t *testing.T) {
	b := cluster(t)
	odd := `rack 1/node%2f`
	b.add(odd, "", nil)
	for _, c := range []struct{ path, node, state string }{
		{"a1/drain", "a1", "draining"},
		{"a1/drain", "a1", "draining"},
		{"a1/undrain", "a1", "ready"},
		{"a1/undrain", "a1", "ready"},
		{url.PathEscape(odd) + "/drain", odd, "draining"},
	} {
		w := b.do(httptest.NewRequest(http.MethodPost, root+"/nodes/"+c.path, nil))
		var got NodeChange
		decode(t, w, &got)
		want(t, c.path, got, NodeChange{Node: c.node, State: c.state})
		want(t, c.path+" in the roster", b.Roster.ByName(c.node).State().String(), c.state)
	}
	want(t, "by name", ask[NodeDetail](b, "/nodes/"+url.PathEscape(odd)).State, "draining")
}

func TestOneDigest(t *testing.T) {
	b := cluster(t)
	b.Index.Accuse(b.Roster.ByName("a2").Ordinal(), dg(1), trackerapi.KindCorrupt)
	d := ask[DigestDetail](b, "/digests/"+string(dg(1)))
	want(t, "digest", d, DigestDetail{
		Digest: dg(1), Live: 2, Holders: States{Ready: 3, Draining: 1}, Withheld: 1,
		Zones: []Coverage{{"a", 1, 2}, {"b", 1, 1}}, Images: []string{"app:1", "tool:2"},
	})
	path := "/digests/" + string(dg(1)) + "/holders"
	h := ask[Holders](b, path+"?zone=a")
	want(t, "holders", names(h.Items, func(i HolderItem) string { return i.Node + " " + i.State }), []string{"a1 ready", "a2 ready", "a3 draining"})
	if h.Items[0].Withheld || !h.Items[1].Withheld {
		t.Errorf("withheld: %+v", h.Items)
	}
	want(t, "draining holders", ask[Holders](b, path+"?state=draining").Total, 1)
}

func TestASwarmIsATree(t *testing.T) {
	b := cluster(t)
	since := time.Unix(7, 0).UTC()
	b.Parts.Flows = flows{dg(8): {
		Size: 20,
		Nodes: []Partial{
			{Node: "a2", Parent: "a1", Offset: 1, Depth: 3}, {Node: "x", Parent: "b1", Offset: 5, Depth: 1},
			{Node: "b1", Parent: "", Offset: 10}, {Node: "a1", Parent: "x", Offset: 3, Depth: 2}, {Node: "c", Parent: "whole"},
		},
		Leases: []Lease{{"b1", since}}, Waiting: 4,
	}}
	path := "/digests/" + string(dg(8)) + "/swarm"
	s := ask[Swarm](b, path)
	want(t, "nodes", s.Nodes, []Partial{
		{Node: "b1", Zone: "b", Offset: 10}, {Node: "c", Parent: "whole"}, {Node: "x", Parent: "b1", Depth: 1, Offset: 5},
		{Node: "a1", Zone: "a", Parent: "x", Depth: 2, Offset: 3}, {Node: "a2", Zone: "a", Parent: "a1", Depth: 3, Offset: 1},
	})
	want(t, "leases", s.Leases, []Lease{{"b1", since}})
	want(t, "the rest", []any{s.Size, s.Waiting, s.Total}, []any{int64(20), 4, 5})
	cut := ask[Swarm](b, path+"?limit=2")
	want(t, "cut off", []any{len(cut.Nodes), cut.Total}, []any{2, 5})
	d := ask[DigestDetail](b, "/digests/"+string(dg(8)))
	want(t, "digest", []any{d.Partial, d.Leases, d.Live, d.Size}, []any{5, 1, 0, int64(20)})
	want(t, "swarms", ask[Swarms](b, "/swarms").Items, []SwarmItem{{dg(8), 20, 5, 1, 4}})
	still := ask[Swarm](b, "/digests/"+string(dg(1))+"/swarm")
	want(t, "one that is held and still", []any{len(still.Nodes), len(still.Leases)}, []any{0, 0})
}

func TestImages(t *testing.T) {
	b := cluster(t)
	want(t, "images", ask[Images](b, "/images").Items, []ImageItem{{"app:1", dg(1), 2, 3}, {"tool:2", dg(1), 1, 1}})
	want(t, "by name", ask[Images](b, "/images?name=tool").Total, 1)
	b.leave("a1")
	b.leave("a2")
	want(t, "newest that is live", ask[Images](b, "/images").Items[0].Digest, dg(5))
	i := ask[ImageDetail](b, "/images/app:1")
	want(t, "versions", i.Versions, []Version{
		{dg(1), time.Unix(20, 0).UTC(), 2, 1, []Coverage{{"a", 0, 0}, {"b", 1, 1}}},
		{dg(5), time.Unix(15, 0).UTC(), 1, 0, []Coverage{{"a", 0, 0}, {"b", 0, 1}}},
	})
	b.add("c", "", nil, image("reg:5000/a/b:1", 1, 1))
	want(t, "escaped", ask[ImageDetail](b, "/images/reg:5000%2Fa%2Fb:1").Name, "reg:5000/a/b:1")
}

func TestWhatIsAtRisk(t *testing.T) {
	b := cluster(t)
	risks := func(path string) ([]string, Risks) {
		r := ask[Risks](b, path)
		got := names(r.Items, func(r Risk) string {
			for i := range 10 {
				if r.Digest == dg(i) {
					return string(rune('0'+i)) + ":" + string(rune('0'+r.Live))
				}
			}
			return "?"
		})
		slices.Sort(got) // digests are hashes: of equal ones the order says nothing
		return got, r
	}
	for path, found := range map[string]string{
		"/at-risk?copies=1":                  "4:0",
		"/at-risk":                           "3:1 4:0",
		"/at-risk?copies=3":                  "2:2 3:1 4:0",
		"/what-if?node=a1":                   "2:1 3:0",
		"/what-if?node=a1&copies=1":          "3:0",
		"/what-if?node=a1&node=a2&copies=1":  "2:0 3:0",
		"/what-if?zone=a&copies=3":           "1:1 2:0 3:0",
		"/what-if?zone=b&copies=1":           "",
		"/what-if?zone=a&zone=b&copies=1":    "1:0 2:0 3:0",
		"/what-if?node=a3":                   "", // it is in no answer now
		"/what-if?node=b1&zone=a&copies=100": "1:0 2:0 3:0",
	} {
		got, r := risks(path)
		lost := 0
		for _, g := range got {
			if strings.HasSuffix(g, ":0") {
				lost++
			}
		}
		if strings.Join(got, " ") != found || r.Total != len(got) || r.Lost != lost {
			t.Errorf("%s: %v, %d in all, %d lost; want %s", path, got, r.Total, r.Lost, found)
		}
	}
	_, r := risks("/what-if?zone=a&zone=b&copies=1")
	for _, risk := range r.Items {
		if risk.Digest == dg(1) {
			want(t, "images", risk.Images, []string{"app:1", "tool:2"})
		}
	}
	_, r = risks("/at-risk?copies=3")
	want(t, "the fewest first", names(r.Items, func(r Risk) string { return string(r.Digest) }), []string{string(dg(4)), string(dg(3)), string(dg(2))})
}

func TestExplainTellsWhyEachComesWhereItDoes(t *testing.T) {
	b := newBed(t, nil)
	for name, zone := range map[string]string{"asker": "a", "near": "a", "loaded": "a", "far": "b", "gone": "a", "accused": "a", "ill": "a"} {
		b.add(name, zone, dgs(1))
	}
	for name, load := range map[string]trackerapi.Load{"loaded": {Uploads: 5}, "ill": {Degraded: "store"}} {
		if _, err := b.Roster.Heartbeat(trackerapi.Sender{Node: name, Epoch: 1}, load, nil); err != nil {
			t.Fatal(err)
		}
	}
	b.leave("gone")
	b.Index.Accuse(b.Roster.ByName("accused").Ordinal(), dg(1), trackerapi.KindCorrupt)
	e := ask[Explanation](b, "/explain?node=asker&limit=2&digest="+string(dg(1)))
	want(t, "candidates", names(e.Candidates, func(c Candidate) string { return c.Node + ": " + c.Class }),
		[]string{"near: near", "loaded: near", "far: far", "ill: near, degraded"})
	want(t, "handed out", []bool{e.Candidates[0].HandedOut, e.Candidates[1].HandedOut, e.Candidates[2].HandedOut}, []bool{true, true, false})
	slices.SortFunc(e.Excluded, func(a, b ExcludedItem) int { return strings.Compare(a.Node, b.Node) })
	want(t, "excluded", e.Excluded, []ExcludedItem{{"accused", "withheld"}, {"asker", "the asker itself"}, {"gone", "draining"}})
	want(t, "zone, unseen", []any{e.Zone, e.Unseen}, []any{"a", 0})
	nobody := ask[Explanation](b, "/explain?node=stranger&digest="+string(dg(7)))
	want(t, "nobody", []int{len(nobody.Candidates), len(nobody.Excluded)}, []int{0, 0})
}

func TestRecentVerdictsAndPulls(t *testing.T) {
	b := cluster(t)
	want(t, "verdicts", names(ask[Verdicts](b, "/verdicts?limit=2").Items, func(v VerdictItem) string { return v.Node + " " + v.From + " " + v.To + " " + v.Reason }),
		[]string{"a3 ready draining leave", "b1 joining ready register"})
	want(t, "of a3", len(ask[Verdicts](b, "/verdicts?node=a3").Items), 2)
	want(t, "to draining", len(ask[Verdicts](b, "/verdicts?state=draining&state=dead").Items), 1)
	want(t, "by leave", len(ask[Verdicts](b, "/verdicts?reason=leave").Items), 1)

	b.Pulls.Hear("b1", []trackerapi.Ingest{{Digest: dg(2), Offset: 4, Size: 4, Parent: "a1", Ended: true}}, false)
	b.Pulls.Hear("b1", []trackerapi.Ingest{{Digest: dg(3), Offset: 1, Ended: true}}, false)
	b.Pulls.Hear("a2", []trackerapi.Ingest{{Digest: dg(3), Offset: 1}}, false)
	pulls := func(path string) []string {
		return names(ask[Pulls](b, path).Items, func(p PullItem) string { return p.Node + " " + p.State })
	}
	want(t, "pulls", pulls("/pulls"), []string{"b1 ended", "b1 complete"})
	want(t, "complete", pulls("/pulls?state=complete"), []string{"b1 complete"})
	want(t, "of a digest", pulls("/pulls?digest="+string(dg(3))), []string{"b1 ended"})
	want(t, "of another", pulls("/pulls?node=a1"), []string{})
	running := ask[RunningPulls](b, "/pulls/running")
	want(t, "running", names(running.Items, func(p PullItem) string { return p.Node + " " + p.State }), []string{"a2 running"})
}

func TestWhatHasNotChangedIsNotSentAgain(t *testing.T) {
	b := cluster(t)
	first := b.get("/zones")
	again := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, root+"/zones", nil)
		r.Header.Set("If-None-Match", `"other", `+first.Header().Get("ETag"))
		return b.do(r)
	}
	if w := again(); w.Code != http.StatusNotModified || w.Body.Len() != 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b.leave("b1")
	if w := again(); w.Code != http.StatusOK || w.Body.Len() == 0 {
		t.Errorf("after a change: %d", w.Code)
	}
}

func TestHealth(t *testing.T) {
	state := "loading"
	b := newBed(t, func(p *Parts) { p.Memory = func() Memory { return Memory{State: state} } })
	get := func(path string) (int, string) {
		w := b.do(httptest.NewRequest(http.MethodGet, path, nil))
		return w.Code, w.Body.String()
	}
	check := func(path string, status int, begin string) {
		t.Helper()
		if code, body := get(path); code != status || !strings.HasPrefix(body, begin) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	check("/livez", 200, `{"status":"alive"}`)
	check("/readyz", 503, `{"status":"loading","memory":"loading","nodes":{"dead":0,`)
	state = "no redis"
	check("/readyz", 200, `{"status":"ready","memory":"no redis","nodes":{"dead":0,`)
	b.Stop()
	check("/readyz", 503, `{"status":"stopping"`)
	check("/livez", 200, `{"status":"alive"}`)
}
