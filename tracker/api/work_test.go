package api

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

// diligent wants every node to work, and notes what they say.
type diligent struct{ heard []trackerapi.WorkRequest }

func (d *diligent) Wants(uint32) bool { return true }

func (d *diligent) Work(n *roster.Node, m *trackerapi.WorkRequest) (trackerapi.WorkResponse, error) {
	d.heard = append(d.heard, *m)
	return trackerapi.WorkResponse{Tasks: []trackerapi.Task{{ID: "for " + n.Identity().Name, Attempt: 1, Image: "i"}}, AgainMS: 500}, nil
}

func TestAHeartbeatAsksForWorkAndWorkIsGiven(t *testing.T) {
	a, h := registered(t)
	d := new(diligent)
	a.Place(d)
	w := request(h, "/v1/heartbeat", `{"node":"a","epoch":1,"seq":0,"set_hash":"0","load":{"uploads":0}}`)
	if !strings.Contains(w, `"work":true`) {
		t.Errorf("the heartbeat's answer is %s", w)
	}
	m := trackerapi.WorkRequest{Sender: me, Tasks: []trackerapi.TaskState{{ID: "x", Attempt: 2, Phase: trackerapi.TaskDone, Digest: good}}}
	if got, want := request(h, "/v1/work", marshal(t, m)), `{"tasks":[{"id":"for a","attempt":1,"image":"i"}],"again_ms":500}`; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	if len(d.heard) != 1 || !reflect.DeepEqual(d.heard[0], m) {
		t.Errorf("the placer heard %+v", d.heard)
	}
}

func TestNobodyWorksWithoutAPlacer(t *testing.T) {
	_, h := registered(t)
	status, code := post(h, "/v1/work", marshal(t, trackerapi.WorkRequest{Sender: me}))
	if code != trackerapi.CodeUnavailable || status != http.StatusServiceUnavailable {
		t.Errorf("got %d %s", status, code)
	}
}

func TestWhatIsRefusedOfWork(t *testing.T) {
	long := strings.Repeat("x", trackerapi.MaxName+1)
	task := func(s trackerapi.TaskState) string {
		return marshal(t, trackerapi.WorkRequest{Sender: me, Tasks: []trackerapi.TaskState{s}})
	}
	pin := func(p trackerapi.Pin) string {
		return marshal(t, trackerapi.WorkRequest{Sender: me, Pins: []trackerapi.Pin{p}})
	}
	described := func(d trackerapi.Description) string {
		return marshal(t, trackerapi.WorkRequest{Sender: me, Described: []trackerapi.Description{d}})
	}
	for name, c := range map[string]struct {
		body string
		want trackerapi.Code
	}{
		"a nameless task":      {task(trackerapi.TaskState{Phase: trackerapi.TaskDone}), trackerapi.CodeInvalid},
		"a long task":          {task(trackerapi.TaskState{ID: long, Phase: trackerapi.TaskDone}), trackerapi.CodeTooLarge},
		"an unknown phase":     {task(trackerapi.TaskState{ID: "t", Phase: "resting"}), trackerapi.CodeInvalid},
		"a long error":         {task(trackerapi.TaskState{ID: "t", Phase: trackerapi.TaskFailed, Error: strings.Repeat("x", maxTaskError+1)}), trackerapi.CodeTooLarge},
		"a negative offset":    {task(trackerapi.TaskState{ID: "t", Phase: trackerapi.TaskPulling, Offset: -1}), trackerapi.CodeInvalid},
		"a broken digest":      {task(trackerapi.TaskState{ID: "t", Phase: trackerapi.TaskDone, Digest: "sha256:x"}), trackerapi.CodeInvalid},
		"a broken layer":       {task(trackerapi.TaskState{ID: "t", Phase: trackerapi.TaskDone, Layers: []trackerapi.LayerState{{}}}), trackerapi.CodeInvalid},
		"a negative layer":     {task(trackerapi.TaskState{ID: "t", Phase: trackerapi.TaskDone, Layers: []trackerapi.LayerState{{Digest: good, Size: -1}}}), trackerapi.CodeInvalid},
		"too many tasks":       {marshal(t, trackerapi.WorkRequest{Sender: me, Tasks: make([]trackerapi.TaskState, trackerapi.MaxTasks+1)}), trackerapi.CodeTooLarge},
		"too many pins":        {marshal(t, trackerapi.WorkRequest{Sender: me, Pins: make([]trackerapi.Pin, trackerapi.MaxTasks+1)}), trackerapi.CodeTooLarge},
		"a pin of nothing":     {pin(trackerapi.Pin{Image: "i"}), trackerapi.CodeInvalid},
		"a pin without a name": {pin(trackerapi.Pin{Digest: good}), trackerapi.CodeInvalid},
		"an owner's control":   {pin(trackerapi.Pin{Image: "i", Digest: good, Owners: []string{"a\nb"}}), trackerapi.CodeInvalid},
		"too many owners":      {pin(trackerapi.Pin{Image: "i", Digest: good, Owners: make([]string, maxOwners+1)}), trackerapi.CodeTooLarge},
		"negative room":        {marshal(t, trackerapi.WorkRequest{Sender: me, Room: trackerapi.Room{Free: -1}}), trackerapi.CodeInvalid},
		"too many parts":       {described(trackerapi.Description{Image: "i", Digest: good, Parts: make([]trackerapi.Part, trackerapi.MaxParts+1)}), trackerapi.CodeTooLarge},
		"a broken part":        {described(trackerapi.Description{Image: "i", Digest: good, Parts: []trackerapi.Part{{Digest: digest.Digest("x")}}}), trackerapi.CodeInvalid},
		"a negative part":      {described(trackerapi.Description{Image: "i", Digest: good, Parts: []trackerapi.Part{{Digest: good, Size: -1}}}), trackerapi.CodeInvalid},
		"unknown node":         {marshal(t, trackerapi.WorkRequest{Sender: trackerapi.Sender{Node: "b", Epoch: 1}}), trackerapi.CodeUnknownNode},
		"an earlier run":       {marshal(t, trackerapi.WorkRequest{Sender: trackerapi.Sender{Node: "a"}}), trackerapi.CodeStaleEpoch},
		"a nameless node":      {`{}`, trackerapi.CodeInvalid},
	} {
		_, h := registered(t)
		if status, code := post(h, "/v1/work", c.body); code != c.want || status != (&trackerapi.Error{Code: c.want}).Status() {
			t.Errorf("%s: got %d %s; want %s", name, status, code, c.want)
		}
	}
}

// request gives the answer's body, whatever it is.
func request(h http.Handler, path, body string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	return w.Body.String()
}
