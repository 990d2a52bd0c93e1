package api

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// full is an ingest of which everything is known.
var full = trackerapi.Ingest{Digest: good, Offset: 1, Size: 2, Parent: "b", Rate: 3, Ended: true}

var tagged = trackerapi.Image{Name: "docker.io/library/redis:7", Digest: good, UpdatedAt: time.UnixMicro(1_763_900_000_123_456).UTC()}

func TestWhatOurSeedersSayIsPlain(t *testing.T) {
	for _, m := range []any{
		trackerapi.HeartbeatRequest{Sender: me},
		trackerapi.HeartbeatRequest{Sender: me, Seq: math.MaxUint64, SetHash: math.MaxUint64, Load: trackerapi.Load{Uploads: 7}},
		trackerapi.HeartbeatRequest{Sender: me, Load: trackerapi.Load{Slots: 3, Degraded: "store"}},
		trackerapi.HeartbeatRequest{Sender: me, Load: trackerapi.Load{Uploads: 7, Slots: 8, UploadRate: math.MaxInt64, LatencyMS: 12, Degraded: "disk"}},
		trackerapi.HeartbeatRequest{Sender: me, Ingests: []trackerapi.Ingest{{Digest: good, Offset: 1}, full}},
		trackerapi.HeartbeatRequest{Sender: me, Ingests: []trackerapi.Ingest{full}, Walking: true},
		trackerapi.ProgressRequest{Sender: me, Ingests: []trackerapi.Ingest{full}},
		trackerapi.AnnounceRequest{Sender: me, Seq: 1},
		trackerapi.AnnounceRequest{Sender: me, Whole: true, Seq: 1, SetHash: math.MaxUint64, Add: []digest.Digest{good, good}, Images: []trackerapi.Image{tagged, tagged}},
		trackerapi.AnnounceRequest{Sender: me, From: 7, Seq: 8, Remove: []digest.Digest{good}, ImagesGone: []string{"a", "b"}, Verified: []digest.Digest{good}},
		trackerapi.JoinRequest{Sender: me, Digest: good},
		trackerapi.JoinRequest{Sender: me, Digest: good, Offset: 1, Size: 2, Registry: "docker.io", WaitMS: 3, Hurry: true, Avoid: []string{"b", "c"}},
		trackerapi.LookupRequest{Node: "a", Digests: []digest.Digest{good}},
		trackerapi.LookupRequest{Node: "a", Digests: []digest.Digest{good, good}, Limit: 3},
	} {
		into := reflect.New(reflect.TypeOf(m))
		if body := marshal(t, m); !readPlain([]byte(body), into.Interface()) {
			t.Errorf("%s is not plain", body)
		} else if got := into.Elem().Interface(); !reflect.DeepEqual(got, m) {
			t.Errorf("got %+v; want %+v", got, m)
		}
	}
}

func TestUsualAnswersArePlain(t *testing.T) {
	one := trackerapi.Holder{Node: "a", Epoch: -1, Addr: "[::1]:2", Zone: "z"}
	for _, c := range []struct {
		answer any
		plain  bool
	}{
		{&trackerapi.HeartbeatResponse{IntervalMS: 1000}, true},
		{&trackerapi.HeartbeatResponse{Resend: true}, true},
		{&trackerapi.HeartbeatResponse{Resend: true, Hold: true}, true},
		{&trackerapi.HeartbeatResponse{Work: true}, false},
		{&trackerapi.HeartbeatResponse{Rejoin: []digest.Digest{good}}, false},
		{&trackerapi.HeartbeatResponse{Look: []trackerapi.Look{{Node: "n"}}}, false},
		{&trackerapi.HeartbeatResponse{Verify: []digest.Digest{good}}, false},
		{&trackerapi.LookupResponse{Handouts: []trackerapi.Handout{}}, true},
		{&trackerapi.LookupResponse{}, false},
		{&trackerapi.LookupResponse{Handouts: []trackerapi.Handout{nil}}, false},
		{&trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{}, {one, {Node: "b"}}, {one}}}, true},
		{&trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{{Node: "a<b"}}}}, false},
		{&trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{{Node: "a", Zone: "\u2028"}}}}, false},
		{&trackerapi.JoinResponse{}, false},
		{&trackerapi.JoinResponse{Handout: trackerapi.Handout{}}, true},
		{&trackerapi.JoinResponse{Handout: trackerapi.Handout{}, Lease: true, StartMS: 5}, true},
		{&trackerapi.JoinResponse{Handout: trackerapi.Handout{one, {Node: "b", Partial: true, Depth: 2}}, Free: true}, true},
		{&trackerapi.JoinResponse{Handout: trackerapi.Handout{{Node: "a>b"}}}, false},
		{&trackerapi.RegisterResponse{}, false},
	} {
		got, plain := appendPlain(nil, c.answer)
		if plain != c.plain {
			t.Errorf("%+v: plain is %v", c.answer, plain)
		} else if want := marshal(t, c.answer); plain && string(got) != want {
			t.Errorf("got %s; want %s", got, want)
		}
	}
}

// FuzzPlain: what is read without encoding/json is what encoding/json reads,
// and so is what is written.
func FuzzPlain(f *testing.F) {
	for _, body := range []string{
		marshal(f, trackerapi.HeartbeatRequest{Sender: me, Seq: 1, SetHash: 2}),
		marshal(f, trackerapi.HeartbeatRequest{Sender: me, Load: trackerapi.Load{Uploads: 7, Slots: 8, UploadRate: 9, LatencyMS: 12, Degraded: "disk"}}),
		marshal(f, trackerapi.LookupRequest{Node: "a", Digests: []digest.Digest{good, good}, Limit: 3}),
		marshal(f, trackerapi.ProgressRequest{Sender: me, Ingests: []trackerapi.Ingest{full, {Digest: good}}}),
		marshal(f, trackerapi.AnnounceRequest{Sender: me, Whole: true, Seq: 1, SetHash: 2, Add: []digest.Digest{good, good}, Images: []trackerapi.Image{tagged}}),
		marshal(f, trackerapi.AnnounceRequest{Sender: me, From: 1, Seq: 2, Remove: []digest.Digest{good}, ImagesGone: []string{"a"}, Verified: []digest.Digest{good}}),
		marshal(f, trackerapi.JoinRequest{Sender: me, Digest: good, Offset: 1, WaitMS: 3, Avoid: []string{"b", "c"}}),
		`{"node":"a","epoch":1,"ingests":[]}`, `{"node":"a","epoch":1,"ingests":[{"digest":"","offset":1},]}`,
		`{"node":"a","epoch":01,"seq":1,"set_hash":"1","load":{"uploads":0}}`,
		`{"node":"\u0061","digests":[""]}`, `{"node":"a","digests":["","]}`, `{"node":"é","digests":[]}`, `{"node":"a","digests":[""],"limit":}`,
	} {
		f.Add(body, "a", "b", int64(1))
	}
	f.Fuzz(func(t *testing.T, body, node, zone string, epoch int64) {
		same[trackerapi.HeartbeatRequest](t, body)
		same[trackerapi.LookupRequest](t, body)
		same[trackerapi.JoinRequest](t, body)
		same[trackerapi.AnnounceRequest](t, body)
		same[trackerapi.ProgressRequest](t, body)
		answer := &trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{{Node: node, Epoch: epoch, Addr: zone, Zone: zone}}}}
		if got, plain := appendPlain(nil, answer); plain && string(got) != marshal(t, answer) {
			t.Fatalf("got %s; want %s", got, marshal(t, answer))
		}
	})
}

func same[M any](t *testing.T, body string) {
	t.Helper()
	var got, want M
	if !readPlain([]byte(body), &got) {
		return
	}
	if err := json.Unmarshal([]byte(body), &want); err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("%s\ngot %+v\nwant %+v, %v", body, got, want, err)
	}
}
