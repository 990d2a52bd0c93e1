// Package tracing makes spans of requests and sends them to an OpenTelemetry
// collector. It is the one door to OpenTelemetry, and it is shut by default:
// then [Tracing.Server] and [Tracing.Transport] hand back what they were given.
//
//	containerd ─▶ mirror (server) ─▶ join (client) ─▶ tracker (server)
//	                     └─────────▶ peer (client) ─▶ its peer side (server) ┄link┄▶ how the peer got it
//
// The mirror begins traces, or joins that of a containerd which makes spans of
// its own; trackers and peer sides only join those that they are asked within
// (W3C Trace Context). Nothing waits for the collector: what it does not take in
// time is dropped.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// closeTimeout bounds the time in which the last spans can leave.
const closeTimeout = time.Second

// Config says who makes the spans, where they go, and how many there are. The
// standard OTEL_… environment variables say the rest: headers, certificates,
// the size of the queue, the timeouts.
type Config struct {
	Service string // service.name
	Node    string // service.instance.id
	Version string // service.version
	// Endpoint is the URL of a collector that takes OTLP over HTTP, such as
	// http://collector:4318; /v1/traces is added to its path. Empty:
	// OTEL_EXPORTER_OTLP_TRACES_ENDPOINT or OTEL_EXPORTER_OTLP_ENDPOINT. Where
	// they are empty too, or OTEL_SDK_DISABLED is true, there is no tracing.
	Endpoint string
	// Ratio is the share of new traces that are kept, from 0 to 1;
	// OTEL_TRACES_SAMPLER overrules it. Whoever joins a trace does as the
	// one who began it.
	Ratio float64
}

// Check refuses what can't work.
func (c Config) Check() error {
	if c.Endpoint != "" {
		u, err := url.Parse(c.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("trace-endpoint %q: want http://host:port or https://host:port", c.Endpoint)
		}
	}
	if !(c.Ratio >= 0 && c.Ratio <= 1) { // so that NaN is refused
		return errors.New("trace-ratio must be between 0 and 1")
	}
	return nil
}

// wanted tells whether there is anybody to send spans to.
func (c Config) wanted() bool {
	if os.Getenv("OTEL_SDK_DISABLED") == "true" || os.Getenv("OTEL_TRACES_EXPORTER") == "none" {
		return false
	}
	return c.Endpoint != "" ||
		os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// Tracing makes spans. The zero value makes none.
type Tracing struct {
	provider *sdk.TracerProvider // nil: off
	exporter *exporter
	tracer   trace.Tracer
}

// propagator: a trace travels in the headers of W3C Trace Context.
var propagator propagation.TraceContext

// New begins to trace, if that is wanted; the caller has to Close it. The
// collector need not be there.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*Tracing, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	if !cfg.wanted() {
		return &Tracing{}, nil
	}
	out, err := newExporter(ctx, cfg.Endpoint, log)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	who, err := resource.New(ctx,
		resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName(cfg.Service), semconv.ServiceInstanceID(cfg.Node), semconv.ServiceVersion(cfg.Version)),
		resource.WithFromEnv(),
	)
	if err != nil {
		log.Warn("tracing: OTEL_RESOURCE_ATTRIBUTES can't be read", "error", err)
	}
	options := []sdk.TracerProviderOption{sdk.WithResource(who), sdk.WithBatcher(out)}
	if os.Getenv("OTEL_TRACES_SAMPLER") == "" {
		options = append(options, sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(cfg.Ratio))))
	}
	provider := sdk.NewTracerProvider(options...)
	log.Info("tracing is on", "service", cfg.Service, "endpoint", cfg.Endpoint, "ratio", cfg.Ratio)
	return &Tracing{provider: provider, exporter: out, tracer: provider.Tracer("github.com/drayproject/dray")}, nil
}

// On tells whether there is any tracing.
func (t *Tracing) On() bool { return t != nil && t.provider != nil }

// Close sends what is left and ends everything, within little more than a
// second: a collector that does not answer is not waited for.
func (t *Tracing) Close() {
	if !t.On() {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if t.provider.Shutdown(ctx) != nil {
		t.exporter.abandon()
	}
}

// Attr is one thing that a span says.
type Attr = attribute.KeyValue

// Makers of attributes.
var (
	String  = attribute.String
	Int64   = attribute.Int64
	Strings = attribute.StringSlice
	Bool    = attribute.Bool
)

// Note adds to the span that ctx is in, if any.
func Note(ctx context.Context, attrs ...Attr) {
	trace.SpanFromContext(ctx).SetAttributes(attrs...)
}

// Fail says that what the span is about has failed.
func Fail(ctx context.Context, why string) {
	span := trace.SpanFromContext(ctx)
	span.SetStatus(codes.Error, why)
	span.RecordError(errors.New(why))
}

// Mark is a span that others can refer to.
type Mark struct{ at trace.SpanContext }

// At is the span that ctx is in, if any.
func At(ctx context.Context) Mark { return Mark{trace.SpanContextFromContext(ctx)} }

// Refer links the span that ctx is in with another one, if there is one.
func Refer(ctx context.Context, to Mark) {
	if to.at.IsValid() {
		trace.SpanFromContext(ctx).AddLink(trace.Link{SpanContext: to.at})
	}
}
