package tracing

import (
	"io"
	"net"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Route names the kind of request that this is, such as
// /v2/{name}/blobs/{digest}: there must be few of them. Requests with an empty
// one get no span.
type Route func(*http.Request) string

// Joining is a route for those who begin no trace of their own: only requests
// that belong to one have a name.
func Joining(route Route) Route {
	return func(r *http.Request) string {
		if r.Header.Get("Traceparent") == "" {
			return ""
		}
		return route(r)
	}
}

// Server makes a span of each request that route has a name for, within the
// trace of whoever asks. The handler finds it in the request's context.
func (t *Tracing) Server(route Route, next http.Handler) http.Handler {
	if !t.On() {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := route(r)
		if name == "" {
			next.ServeHTTP(w, r)
			return
		}
		ctx := propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
		ctx, span := t.tracer.Start(ctx, r.Method+" "+name, trace.WithSpanKind(trace.SpanKindServer))
		defer span.End()
		r = r.WithContext(ctx)
		if !span.IsRecording() {
			next.ServeHTTP(w, r)
			return
		}
		span.SetAttributes(asked(r, name)...)
		seen := &witness{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		span.SetAttributes(semconv.HTTPResponseStatusCode(seen.status))
		if seen.status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
	})
}

// asked is what the semantic conventions for HTTP servers want to be said.
func asked(r *http.Request, route string) []attribute.KeyValue {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	client, _, _ := net.SplitHostPort(r.RemoteAddr)
	return []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(r.Method), semconv.HTTPRoute(route),
		semconv.URLScheme(scheme), semconv.URLPath(r.URL.Path), semconv.ClientAddress(client),
	}
}

// witness notes the status of an answer. It leaves files to net/http's own
// writer, which leaves them to the kernel.
type witness struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements [http.ResponseWriter].
func (w *witness) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// ReadFrom implements [io.ReaderFrom].
func (w *witness) ReadFrom(src io.Reader) (int64, error) { return io.Copy(w.ResponseWriter, src) }

// Unwrap is for [http.ResponseController].
func (w *witness) Unwrap() http.ResponseWriter { return w.ResponseWriter }
