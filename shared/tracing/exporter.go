package tracing

import (
	"context"
	"log/slog"
	"net/url"
	"sync/atomic"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// exporter sends spans and says once when that begins to fail, and once when it
// works again; OpenTelemetry itself would say so every few seconds, on stderr.
type exporter struct {
	*otlptrace.Exporter
	log   *slog.Logger
	fails atomic.Bool
}

func newExporter(ctx context.Context, endpoint string, log *slog.Logger) (*exporter, error) {
	var options []otlptracehttp.Option
	if endpoint != "" {
		traces, err := url.JoinPath(endpoint, "v1/traces")
		if err != nil {
			return nil, err
		}
		options = append(options, otlptracehttp.WithEndpointURL(traces))
	}
	otlp, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, err
	}
	return &exporter{Exporter: otlp, log: log}, nil
}

// ExportSpans implements [sdk.SpanExporter].
func (e *exporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := e.Exporter.ExportSpans(ctx, spans)
	switch failed := err != nil; {
	case e.fails.Swap(failed) == failed:
	case failed:
		e.log.Warn("tracing: spans are lost, the collector does not take them", "error", err)
	default:
		e.log.Info("tracing: the collector takes spans again")
	}
	return nil
}

// abandon ends a request to the collector that is still under way.
func (e *exporter) abandon() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	_ = e.Shutdown(ended)
}
