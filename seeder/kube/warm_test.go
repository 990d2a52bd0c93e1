package kube

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const notWarm = "dray.io/not-warm"

// node is an API server that has one node, with taints.
type node struct {
	taints  string // JSON
	version int
	writes  int
}

func (n *node) answer(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet {
		fmt.Fprintf(w, `{"metadata":{"resourceVersion":"%d"},"spec":{"taints":%s}}`, n.version, n.taints)
		return
	}
	var patch struct {
		Metadata struct{ ResourceVersion string }
		Spec     struct{ Taints json.RawMessage }
	}
	body, _ := io.ReadAll(r.Body)
	switch err := json.Unmarshal(body, &patch); {
	case err != nil || r.Header.Get("Content-Type") != "application/merge-patch+json":
		w.WriteHeader(http.StatusUnsupportedMediaType)
	case patch.Metadata.ResourceVersion != fmt.Sprint(n.version):
		w.WriteHeader(http.StatusConflict)
	default:
		n.taints, n.version, n.writes = string(patch.Spec.Taints), n.version+1, n.writes+1
		fmt.Fprint(w, `{}`)
	}
}

func TestATaintIsTakenAwayAndOthersStayAsTheyAre(t *testing.T) {
	const other = `{"key":"example.com/gpu","effect":"NoSchedule","from":"a later version"}`
	for before, after := range map[string]string{
		`[{"key":"` + notWarm + `","effect":"NoSchedule"}]`:                                                              `null`,
		`[{"key":"` + notWarm + `","effect":"NoSchedule"},` + other + `,{"key":"` + notWarm + `","effect":"NoExecute"}]`: `[` + other + `]`,
	} {
		n := &node{taints: before}
		api := server(t, n.answer)
		was, err := api.tainted(t.Context(), "n1")
		if err != nil || !was.has(notWarm) || was.has("example.com/other") {
			t.Fatalf("%s: %+v, %v", before, was, err)
		}
		if err := api.untaint(t.Context(), "n1", was, notWarm); err != nil || n.taints != after {
			t.Errorf("%s became %s, %v", before, n.taints, err)
		}
		if err := api.untaint(t.Context(), "n1", was, notWarm); err == nil {
			t.Error("a node that was changed meanwhile is overwritten")
		}
	}
}

// placing is a tracker that answers so, by path.
func placing(t *testing.T, answers map[string]string) *admin {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/admin/v1/")
		if cursor := r.FormValue("cursor"); cursor != "" {
			path += "?" + cursor
		}
		answer, there := answers[path]
		if !there {
			w.WriteHeader(http.StatusNotFound)
			answer = `{"detail":"no ` + path + `"}`
		}
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	return newAdmin(s.URL, "")
}

func TestANodeLacksWhatIsToComeAndNotWhatHasFailed(t *testing.T) {
	const (
		old     = `{"state":"ready","history":{"uptime_ms":60000}}`
		none    = `{"items":[]}`
		job     = `{"items":[{"job":{"id":"j"},"state":"standing"},{"job":{"id":"past"},"state":"over"}]}`
		pulling = `{"items":[{"node":"n1","image":"a:1","phase":"pulling"}]}`
		others  = `{"items":[{"node":"n2","image":"a:1","phase":"pulling"}]}`
		short   = `{"items":[{"policy":{"name":"three"},"short":1},{"policy":{"name":"all","every":true},"short":1}]}`
		status  = `{"status":[{"image":"a:1","wanted":3,"have":["n1"],"coming":[]},{"image":"b:1","wanted":3,"have":["n3"],"coming":[%s]}]}`
	)
	for name, c := range map[string]struct {
		node, jobs, nodes, policies, policy, places, want string
	}{
		"nothing is wanted":                {},
		"the tracker does not know it":     {node: `{"state":"dead"}`, want: "the node is dead"},
		"it has just come":                 {node: `{"state":"ready","history":{"uptime_ms":3000}}`, want: "new to the trackers"},
		"a job is not planned":             {jobs: `{"items":[{"job":{"id":"j"},"state":"new"}]}`, want: "job j is not planned"},
		"a job is at it":                   {jobs: job, nodes: pulling, want: "job j: a:1 is pulling"},
		"a job is at it, says page two":    {jobs: job, nodes: `{"items":[],"next":"p2"}`, want: "job j: a:1 is waiting"},
		"a job is at others":               {jobs: job, nodes: others},
		"a copy is on its way":             {policies: short, policy: fmt.Sprintf(status, `"n1"`), want: "policy all: b:1 is to come"},
		"a copy waits for its turn":        {policies: short, policy: fmt.Sprintf(status, ""), places: `{"items":[{"node":"n1","chosen":true}]}`, want: "policy all: b:1"},
		"the node is not selected":         {policies: short, policy: fmt.Sprintf(status, ""), places: `{"items":[{"node":"n1","excluded":"not selected"}]}`},
		"a policy is short of other nodes": {policies: short, policy: `{"status":[{"image":"a:1","wanted":2,"have":["n1"]}]}`},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]string{
				"nodes/n1": old, "jobs": none, "policies": none, "jobs/j/nodes": c.nodes, "policies/all": c.policy, "places": c.places,
				"jobs/j/nodes?p2": `{"items":[{"node":"n1","image":"a:1","phase":"waiting"}]}`,
			}
			for path, answer := range map[string]string{"nodes/n1": c.node, "jobs": c.jobs, "policies": c.policies} {
				if answer != "" {
					answers[path] = answer
				}
			}
			got, err := placing(t, answers).lacks(t.Context(), "n1")
			if err != nil || (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
				t.Errorf("lacks %q, %v; want %q", got, err, c.want)
			}
		})
	}
}

// warmed runs until the taint is gone, or for a moment.
func warmed(t *testing.T, n *node, answers map[string]string, until time.Time) (said string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	var out strings.Builder
	w := warming{
		api: server(t, n.answer), tracker: placing(t, answers), node: "n1", taint: notWarm,
		until: until, pause: 10 * time.Millisecond, out: &out,
	}
	w.run(ctx)
	return out.String()
}

func TestTheTaintStaysUntilNothingIsMissingOrTheTimeIsUp(t *testing.T) {
	later, past := time.Now().Add(time.Hour), time.Now()
	ready := map[string]string{"nodes/n1": `{"state":"ready","history":{"uptime_ms":60000}}`, "jobs": `{"items":[]}`, "policies": `{"items":[]}`}
	joining := map[string]string{"nodes/n1": `{"state":"joining"}`, "jobs": `{"items":[]}`, "policies": `{"items":[]}`}
	taint := `[{"key":"` + notWarm + `","effect":"NoSchedule"}]`
	for name, c := range map[string]struct {
		taints  string
		tracker map[string]string
		until   time.Time
		writes  int
		want    string
	}{
		"warm":                        {taint, ready, later, 1, "taken away: nothing is missing"},
		"cold":                        {taint, joining, later, 0, "stays: the tracker says that the node is joining"},
		"no tracker":                  {taint, nil, later, 0, "stays: jobs: 404 no jobs"},
		"no tracker for long":         {taint, nil, past, 1, "taken away: the time is up"},
		"somebody else has taken it":  {`null`, joining, later, 0, "there is no taint"},
		"a node that never had any":   {`[]`, joining, past, 0, "there is no taint"},
		"it has taints, but not this": {`[{"key":"example.com/gpu"}]`, joining, past, 0, "there is no taint"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := &node{taints: c.taints}
			said := warmed(t, n, c.tracker, c.until)
			if n.writes != c.writes || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
				t.Errorf("%d writes; it said %q", n.writes, said)
			}
		})
	}
}
