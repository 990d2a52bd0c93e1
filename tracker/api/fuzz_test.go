package api

import (
	"net/http"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/swarm"
)

var verbs = []string{"register", "announce", "heartbeat", "lookup", "resolve", "report", "leave", "join", "progress", "work"}

// FuzzMessages: whatever comes, every verb answers, and the fault is never the
// tracker's.
func FuzzMessages(f *testing.F) {
	seed := func(verb byte, v any) { f.Add(verb, marshal(f, v)) }
	seed(0, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: "a", Epoch: 2, Addr: ":1", Labels: map[string]string{"k": "v"}}})
	seed(1, trackerapi.AnnounceRequest{Sender: me, Whole: true, Add: []digest.Digest{good}, Images: []trackerapi.Image{{Name: "i", Digest: good}}})
	seed(1, trackerapi.AnnounceRequest{Sender: me, Remove: []digest.Digest{good}, Verified: []digest.Digest{good}, ImagesGone: []string{"i"}})
	seed(2, trackerapi.HeartbeatRequest{Sender: me, Load: trackerapi.Load{Uploads: -1}})
	seed(3, trackerapi.LookupRequest{Node: "a", Digests: []digest.Digest{good, good}, Limit: -1})
	seed(4, trackerapi.ResolveRequest{Node: "a", Names: []string{"i"}})
	seed(5, trackerapi.ReportRequest{Sender: me, Reports: []trackerapi.Report{
		{Peer: "b", Epoch: 1, Kind: trackerapi.KindCorrupt, Digest: good}, {Peer: "b", Epoch: 1, Kind: trackerapi.KindStall}, {Peer: "a", Kind: "new"},
	}})
	seed(6, trackerapi.LeaveRequest{Sender: me})
	seed(7, trackerapi.JoinRequest{Sender: me, Digest: good, Avoid: []string{"b"}})
	seed(7, trackerapi.JoinRequest{Sender: me, Digest: digest.FromString("new"), Offset: 5, Hurry: true, Patient: true})
	seed(8, trackerapi.ProgressRequest{Sender: me, Ingests: []trackerapi.Ingest{{Digest: good, Offset: 1, Size: 2, Parent: "b"}}})
	seed(2, trackerapi.HeartbeatRequest{Sender: me, Ingests: []trackerapi.Ingest{{Digest: good, Offset: 2, Size: 2, Ended: true}}})
	seed(9, trackerapi.WorkRequest{
		Sender: me, Tasks: []trackerapi.TaskState{{ID: "t", Attempt: 1, Phase: trackerapi.TaskPulling, Layers: []trackerapi.LayerState{{Digest: good, Offset: 1, Size: 2}}}},
		Pins: []trackerapi.Pin{{Image: "i", Digest: good, Owners: []string{"policy/p"}}}, Room: trackerapi.Room{Total: 2, Free: 1},
		Described: []trackerapi.Description{{Image: "i", Digest: good, Parts: []trackerapi.Part{{Digest: good, Size: 1}}, Platforms: []string{"linux/arm64"}}},
	})
	f.Fuzz(func(t *testing.T, verb byte, body string) {
		a, h := registered(t)
		a.Place(new(diligent))
		a.swarm.Rule(swarm.Rules{Wait: time.Millisecond, Start: time.Minute})
		post(h, "/v1/register", `{"node":{"name":"b","epoch":1,"addr":":2"}}`)
		post(h, "/v1/announce", marshal(t, trackerapi.AnnounceRequest{Sender: trackerapi.Sender{Node: "b", Epoch: 1}, Whole: true, Add: []digest.Digest{good}}))
		status, code := post(h, "/v1/"+verbs[int(verb)%len(verbs)], body)
		if status >= http.StatusInternalServerError || (status != http.StatusOK && code == "") {
			t.Fatalf("%d %s", status, code)
		}
	})
}
