// Package tracingtest is a collector for tests: it takes OTLP over HTTP and keeps
// the spans.
package tracingtest

import (
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Span is a span as it was received.
type Span struct {
	Name              string
	Service, Node     string // who made it
	Trace, ID, Parent string // Parent is empty for the first one of a trace
	Client            bool   // it asks; others answer
	Failed            bool
	Links             []string // IDs of other spans
	Attrs             map[string]any
}

// Receiver is a collector that listens.
type Receiver struct {
	URL string

	mu    sync.Mutex
	spans []Span
}

// Start starts a Receiver for one test. Spans reach it within milliseconds of
// their end.
func Start(t *testing.T) *Receiver {
	t.Helper()
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
	r := &Receiver{}
	routes := http.NewServeMux()
	routes.HandleFunc("POST /v1/traces", func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		m := new(collector.ExportTraceServiceRequest)
		if err != nil || proto.Unmarshal(body, m) != nil {
			t.Error("what has come is no OTLP")
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		r.take(m)
	})
	server := httptest.NewServer(routes)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

// Spans are those that have come so far, in the order of their ends.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

func (r *Receiver) take(m *collector.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, from := range m.GetResourceSpans() {
		who := attributes(from.GetResource().GetAttributes())
		for _, scope := range from.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				r.spans = append(r.spans, span(s, who))
			}
		}
	}
}

func span(s *otlp.Span, who map[string]any) Span {
	out := Span{
		Name: s.GetName(), Trace: hex.EncodeToString(s.GetTraceId()),
		ID: hex.EncodeToString(s.GetSpanId()), Parent: hex.EncodeToString(s.GetParentSpanId()),
		Client: s.GetKind() == otlp.Span_SPAN_KIND_CLIENT,
		Failed: s.GetStatus().GetCode() == otlp.Status_STATUS_CODE_ERROR,
		Attrs:  attributes(s.GetAttributes()),
	}
	out.Service, _ = who["service.name"].(string)
	out.Node, _ = who["service.instance.id"].(string)
	for _, l := range s.GetLinks() {
		out.Links = append(out.Links, hex.EncodeToString(l.GetSpanId()))
	}
	return out
}

func attributes(all []*common.KeyValue) map[string]any {
	m := map[string]any{}
	for _, kv := range all {
		m[kv.GetKey()] = value(kv.GetValue())
	}
	return m
}

func value(v *common.AnyValue) any {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_IntValue:
		return v.IntValue
	case *common.AnyValue_BoolValue:
		return v.BoolValue
	case *common.AnyValue_ArrayValue:
		var list []string
		for _, e := range v.ArrayValue.GetValues() {
			list = append(list, e.GetStringValue())
		}
		return list
	}
	return nil
}
