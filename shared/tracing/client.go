package tracing

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Transport makes a span of each request that is made within another one, and
// takes the trace along to the server. The span lasts until the answer's body is
// closed, which counts its bytes. attrs are said of all of them.
func (t *Tracing) Transport(route Route, base http.RoundTripper, attrs ...Attr) http.RoundTripper {
	if !t.On() {
		return base
	}
	return &transport{tracer: t.tracer, route: route, base: base, attrs: attrs}
}

type transport struct {
	tracer trace.Tracer
	route  Route
	base   http.RoundTripper
	attrs  []Attr
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	name := t.route(r)
	if name == "" || !trace.SpanContextFromContext(r.Context()).IsValid() {
		return t.base.RoundTrip(r)
	}
	ctx, span := t.tracer.Start(r.Context(), r.Method+" "+name, trace.WithSpanKind(trace.SpanKindClient))
	r = r.Clone(ctx)
	propagator.Inject(ctx, propagation.HeaderCarrier(r.Header))
	if !span.IsRecording() {
		return t.base.RoundTrip(r)
	}
	span.SetAttributes(asks(r, name)...)
	span.SetAttributes(t.attrs...)
	res, err := t.base.RoundTrip(r)
	if err != nil {
		failed(span, err)
		span.End()
		return nil, err
	}
	answered(span, res.StatusCode)
	res.Body = &tally{ReadCloser: res.Body, span: span}
	return res, nil
}

// asks is what the semantic conventions for HTTP clients want to be said.
func asks(r *http.Request, route string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(r.URL.Host)
	if err != nil {
		host = r.URL.Host
	}
	attrs := []attribute.KeyValue{
		semconv.HTTPRequestMethodKey.String(r.Method), semconv.URLFull(r.URL.Redacted()),
		semconv.URLTemplate(route), semconv.ServerAddress(host),
	}
	if n, err := strconv.Atoi(port); err == nil {
		attrs = append(attrs, semconv.ServerPort(n))
	}
	return attrs
}

// CloseIdleConnections is for [http.Client].
func (t *transport) CloseIdleConnections() {
	if c, ok := t.base.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func answered(span trace.Span, status int) {
	span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusBadRequest {
		span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(status)))
		span.SetStatus(codes.Error, "")
	}
}

// failed says why there is no answer, or no more of it. Who was called off, as
// the loser of a race is, has not failed.
func failed(span trace.Span, err error) {
	if errors.Is(err, context.Canceled) {
		span.SetAttributes(attribute.Bool("dray.called_off", true))
		return
	}
	span.SetAttributes(semconv.ErrorTypeKey.String(fmt.Sprintf("%T", err)))
	span.SetStatus(codes.Error, err.Error())
	span.RecordError(err)
}

// tally counts the bytes of an answer, and ends its span with it.
type tally struct {
	io.ReadCloser
	span  trace.Span
	bytes atomic.Int64
	over  sync.Once
}

// Read implements [io.Reader].
func (b *tally) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.bytes.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		b.over.Do(func() { b.end(err) })
	}
	return n, err
}

// Close implements [io.Closer].
func (b *tally) Close() error {
	err := b.ReadCloser.Close()
	b.over.Do(func() { b.end(nil) })
	return err
}

func (b *tally) end(err error) {
	b.span.SetAttributes(attribute.Int64("dray.bytes", b.bytes.Load()))
	if err != nil {
		failed(b.span, err)
	}
	b.span.End()
}
