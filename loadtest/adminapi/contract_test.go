package adminapi

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"

	"github.com/drayproject/dray/loadtest/adminapi/client"
)

const document = "../../tracker/admin/openapi.yaml"

// contract is a transport that validates all that passes.
type contract struct {
	t     *testing.T
	valid validator.Validator
	model *libopenapi.DocumentModel[v3.Document]

	mu   sync.Mutex
	seen map[string]bool // operations that were answered with 200
}

func TestTheGeneratedClientIsOfThisDocument(t *testing.T) {
	doc, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	made, err := os.ReadFile("client/openapi.sha256")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(doc); !strings.HasPrefix(string(made), hex.EncodeToString(sum[:])) {
		t.Fatal("the client is old: go generate ./loadtest/adminapi/...")
	}
}

func newContract(t *testing.T, text []byte) *contract {
	t.Helper()
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		t.Fatal(err)
	}
	valid, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if ok, errs := valid.ValidateDocument(); !ok {
		t.Fatalf("the document itself: %v", errs)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		t.Fatal(err)
	}
	return &contract{t: t, valid: valid, model: model, seen: map[string]bool{}}
}

// RoundTrip implements [http.RoundTripper].
func (c *contract) RoundTrip(req *http.Request) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil || strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		return res, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.validate(req, res)
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

func (c *contract) validate(req *http.Request, res *http.Response) {
	c.t.Helper()
	if res.StatusCode == http.StatusOK { // what is refused need not be a valid request
		if ok, errs := c.valid.ValidateHttpRequest(req); !ok {
			c.t.Errorf("request %s %s: %v", req.Method, req.URL, errs)
		}
	}
	if ok, errs := c.valid.ValidateHttpResponse(req, res); !ok {
		for _, e := range errs {
			c.t.Errorf("answer to %s %s: %d: %s %s %v", req.Method, req.URL, res.StatusCode, e.Message, e.Reason, e.SchemaValidationErrors)
		}
	}
}

// is checks that an answer is there.
func (c *contract) is(operation string, status int, err error) {
	c.t.Helper()
	if err != nil || status != http.StatusOK {
		c.t.Fatalf("%s: %d, %v", operation, status, err)
	}
	c.seen[operation] = true
}

func TestEveryOperationDoesWhatTheDocumentSays(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	c := newContract(t, text)
	cl := newCluster(t)
	api, err := client.NewClientWithResponses("http://"+cl.tracker.AdminAddr(), client.WithHTTPClient(&http.Client{Transport: c}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	q := asking{c, api, cl, ctx}
	q.nodes()
	q.content()
	q.recent()
	q.steering()
	q.placement()
	q.events()
	q.refusals()
	for path, item := range c.model.Model.Paths.PathItems.FromOldest() {
		for method, op := range item.GetOperations().FromOldest() {
			if !c.seen[op.OperationId] {
				t.Errorf("%s %s (%s) was not tested", method, path, op.OperationId)
			}
		}
	}
}

// asking asks for each group of operations.
type asking struct {
	*contract
	api *client.ClientWithResponses
	cl  *cluster
	ctx context.Context
}

// until polls while what is known is on its way to the tracker.
func (q asking) until(what string, true func() bool) {
	q.t.Helper()
	for !true() {
		select {
		case <-q.ctx.Done():
			q.t.Fatalf("still not so: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (q asking) nodes() {
	q.until("all nodes are ready and two have the image", func() bool {
		s, err := q.api.SummaryWithResponse(q.ctx, nil)
		q.is("summary", s.StatusCode(), err)
		i, err := q.api.ImagesWithResponse(q.ctx, nil)
		q.is("images", i.StatusCode(), err)
		return s.JSON200.Nodes.Ready == 3 && len(i.JSON200.Items) == 1 && i.JSON200.Items[0].Nodes == 2
	})
	z, err := q.api.ZonesWithResponse(q.ctx, nil)
	q.is("zones", z.StatusCode(), err)
	if len(z.JSON200.Items) != 2 || z.JSON200.Items[1].Nodes.Ready != 2 {
		q.t.Errorf("zones %+v", z.JSON200.Items)
	}
	limit, labels := int64(1), []string{"rack"}
	for cursor, names := (*string)(nil), []string{}; ; {
		p, err := q.api.NodesWithResponse(q.ctx, &client.NodesParams{Limit: &limit, Cursor: cursor, Label: &labels})
		q.is("nodes", p.StatusCode(), err)
		names = append(names, p.JSON200.Items[0].Name)
		if cursor = p.JSON200.Next; cursor == nil {
			if fmt.Sprint(names) != "[n0 n1 n2]" {
				q.t.Errorf("nodes %v", names)
			}
			break
		}
	}
	states := []client.NodesParamsState{"ready", "suspect"}
	zones := []string{"b"}
	p, err := q.api.NodesWithResponse(q.ctx, &client.NodesParams{State: &states, Zone: &zones})
	q.is("nodes", p.StatusCode(), err)
	if p.JSON200.Total != 2 {
		q.t.Errorf("%d nodes in zone b", p.JSON200.Total)
	}
	n, err := q.api.NodeWithResponse(q.ctx, "n0", nil)
	q.is("node", n.StatusCode(), err)
	i, err := q.api.InventoryWithResponse(q.ctx, "n0", nil)
	q.is("inventory", i.StatusCode(), err)
	if len(i.JSON200.Items) != len(q.cl.parts) || n.JSON200.Digests != int64(len(q.cl.parts)) {
		q.t.Errorf("n0 holds %d, and shows %d; want %d", n.JSON200.Digests, len(i.JSON200.Items), len(q.cl.parts))
	}
	q.cl.tell(q.t, n.JSON200.Addr, q.cl.parts[3].Digest, q.cl.parts[4].Digest)
}

func (q asking) recent() {
	n2 := "n2"
	v, err := q.api.VerdictsWithResponse(q.ctx, &client.VerdictsParams{Node: &n2})
	q.is("verdicts", v.StatusCode(), err)
	if len(v.JSON200.Items) == 0 || v.JSON200.Items[0].To != "ready" {
		q.t.Errorf("verdicts %+v", v.JSON200.Items)
	}
	n3 := "n3"
	p, err := q.api.PullsWithResponse(q.ctx, &client.PullsParams{Node: &n3})
	q.is("pulls", p.StatusCode(), err)
	if len(p.JSON200.Items) != 1 || p.JSON200.Items[0].State != "ended" {
		q.t.Errorf("pulls %+v", p.JSON200.Items)
	}
	h, err := q.api.HourWithResponse(q.ctx, nil)
	q.is("hour", h.StatusCode(), err)
	if len(h.JSON200.Items) != 60 {
		q.t.Errorf("%d minutes in an hour", len(h.JSON200.Items))
	}
	r, err := q.api.RunningPullsWithResponse(q.ctx, nil)
	q.is("running-pulls", r.StatusCode(), err)
	if len(r.JSON200.Items) != 1 || r.JSON200.Items[0].Sources[0].Node != "n0" {
		q.t.Errorf("running %+v", r.JSON200.Items)
	}
}

func (q asking) steering() {
	d, err := q.api.DrainWithResponse(q.ctx, "n1", nil)
	q.is("drain", d.StatusCode(), err)
	e, err := q.api.ExplainWithResponse(q.ctx, &client.ExplainParams{Node: "n2", Digest: string(q.cl.parts[0].Digest)})
	q.is("explain", e.StatusCode(), err)
	if d.JSON200.State != "draining" || len(e.JSON200.Candidates) != 1 || e.JSON200.Excluded[0].Reason != "draining" {
		q.t.Errorf("%s; n2 is told %+v", d.JSON200.State, e.JSON200)
	}
	u, err := q.api.UndrainWithResponse(q.ctx, "n1")
	q.is("undrain", u.StatusCode(), err)
	if u.JSON200.State != "ready" {
		q.t.Errorf("n1 is %s", u.JSON200.State)
	}
}

func (q asking) events() {
	after := int64(1)
	res, err := q.api.Events(q.ctx, &client.EventsParams{After: &after})
	if err != nil {
		q.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	q.is("events", res.StatusCode, nil)
	missing := map[string]bool{"tick": true, "gap": true, "verdict": true, "pull": true, "work": true}
	for lines := bufio.NewScanner(res.Body); len(missing) > 0 && lines.Scan(); {
		if name, found := strings.CutPrefix(lines.Text(), "event: "); found {
			delete(missing, name)
		}
	}
	if len(missing) > 0 {
		q.t.Errorf("no event %v", missing)
	}
}

func (q asking) refusals() {
	for path, status := range map[string]int{
		"nodes/nobody": 404, "digests/sha256:x": 422, "nodes?cursor=x": 422, "what-if": 422, "images/none": 404,
		"nodes?state=x": 422, "explain?node=n0": 422, "nodes?unknown=1": 422,
	} {
		req, err := http.NewRequestWithContext(q.ctx, http.MethodGet, "http://"+q.cl.tracker.AdminAddr()+"/admin/v1/"+path, nil)
		if err != nil {
			q.t.Fatal(err)
		}
		res, err := q.RoundTrip(req)
		if err != nil || res.StatusCode != status {
			q.t.Errorf("%s: %v, %v; want %d", path, res, err, status)
		}
	}
}
