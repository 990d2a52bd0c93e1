package app

import (
	"context"
	"net/http"
	"os"

	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/shared/tracing"
)

// newTraces makes what follows seeders' questions. A tracker begins no trace:
// which are made is for the seeders to say.
func newTraces(cfg Config, t *Tracker) (*tracing.Tracing, error) {
	name, _ := os.Hostname() // only a name for people
	return tracing.New(context.Background(), cfg.tracing(name), t.log)
}

func (c *Config) tracing(name string) tracing.Config {
	return tracing.Config{
		Service: "dray-tracker", Node: name, Version: process.Version(),
		Endpoint: c.TraceEndpoint, Ratio: 1,
	}
}

// questions names what a pull can wait for a tracker with.
func questions(r *http.Request) string {
	switch r.URL.Path {
	case "/v1/join", "/v1/lookup", "/v1/resolve":
		return r.URL.Path
	}
	return ""
}
