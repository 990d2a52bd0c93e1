package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/roster"
)

func TestDrainAndUndrain(t *testing.T) {
	a, nodes := registered(t)
	odd := `rack 1/node%2f`
	post(nodes, "/v1/register", marshal(t, trackerapi.RegisterRequest{Node: trackerapi.Node{Name: odd, Epoch: 1, Addr: "10.0.0.2:5002"}}))
	_, reg := newAPI()
	admin := a.Admin(reg)
	for _, c := range []struct {
		path   string
		status int
		want   string
	}{
		{"a/drain", 200, `{"node":"a","state":"draining"}`},
		{"a/drain", 200, `{"node":"a","state":"draining"}`},
		{"a/undrain", 200, `{"node":"a","state":"ready"}`},
		{"a/undrain", 200, `{"node":"a","state":"ready"}`},
		{"rack%201%2Fnode%252f/drain", 200, `{"node":"rack 1/node%2f","state":"draining"}`},
		{"nobody/drain", 404, `"code":"unknown_node"`},
		{"a/destroy", 400, `"code":"invalid"`},
	} {
		w := httptest.NewRecorder()
		admin.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/admin/v1/nodes/"+c.path, nil))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %d %s", c.path, w.Code, w.Body)
		}
	}
	if s := a.roster.ByName(odd).State(); s != roster.Draining {
		t.Errorf("%q is %s", odd, s)
	}
}
