package api

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestWhatOurSeedersSayIsPlain(t *testing.T) {
	for _, m := range []any{
		trackerapi.HeartbeatRequest{Sender: me},
		trackerapi.HeartbeatRequest{Sender: me, Seq: math.MaxUint64, SetHash: math.MaxUint64, Load: trackerapi.Load{Uploads: 7}},
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
		{trackerapi.HeartbeatResponse{IntervalMS: 1000}, true},
		{trackerapi.HeartbeatResponse{Resend: true}, false},
		{trackerapi.HeartbeatResponse{Verify: []digest.Digest{good}}, false},
		{trackerapi.LookupResponse{Handouts: []trackerapi.Handout{}}, true},
		{trackerapi.LookupResponse{}, false},
		{trackerapi.LookupResponse{Handouts: []trackerapi.Handout{nil}}, false},
		{trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{}, {one, {Node: "b"}}, {one}}}, true},
		{trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{{Node: "a<b"}}}}, false},
		{trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{{Node: "a", Zone: "\u2028"}}}}, false},
		{trackerapi.RegisterResponse{}, false},
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
		marshal(f, trackerapi.LookupRequest{Node: "a", Digests: []digest.Digest{good, good}, Limit: 3}),
		`{"node":"a","epoch":01,"seq":1,"set_hash":"1","load":{"uploads":0}}`,
		`{"node":"\u0061","digests":[""]}`, `{"node":"a","digests":["","]}`, `{"node":"é","digests":[]}`, `{"node":"a","digests":[""],"limit":}`,
	} {
		f.Add(body, "a", "b", int64(1))
	}
	f.Fuzz(func(t *testing.T, body, node, zone string, epoch int64) {
		same[trackerapi.HeartbeatRequest](t, body)
		same[trackerapi.LookupRequest](t, body)
		answer := trackerapi.LookupResponse{Handouts: []trackerapi.Handout{{{Node: node, Epoch: epoch, Addr: zone, Zone: zone}}}}
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
