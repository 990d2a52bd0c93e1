package puller

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"sync"
	"time"

	"github.com/drayproject/dray/shared/httpserver"
)

// Path is where a seeder's mirror listener takes pull requests: a POST of a
// [Request] as JSON. A request that can't be understood is refused with a
// status and an {"error": …}; any other is answered with events.
const Path = "/dray/v1/pull"

const (
	maxRequests = 16       // pulls asked for at a time
	maxBody     = 64 << 10 // bytes of a request

	// KeepAlive is the longest time without a line in the answer: an empty
	// one is sent when there is no news.
	KeepAlive = 5 * time.Second

	bodyTimeout  = 10 * time.Second // for the client to send its request
	writeTimeout = 10 * time.Second // for the client to take a line
)

// refusal is an error that stands for a status.
type refusal struct {
	status  int
	message string
}

func (e *refusal) Error() string { return e.message }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// ServeHTTP pulls what is asked for while the client listens. When it goes
// away the pull is cancelled.
func (p *Puller) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	httpserver.Adapter(writeError)(p.servePull)(w, r)
}

func (p *Puller) servePull(w http.ResponseWriter, r *http.Request) error {
	req, err := readRequest(w, r)
	if err != nil {
		return err
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		return refuse(http.StatusServiceUnavailable, "this seeder makes %d pulls already", maxRequests)
	}
	ctx, cancel := context.WithCancelCause(r.Context())
	defer cancel(nil)
	out := newEventWriter(w, cancel)
	stop := out.keepAlive(ctx)
	defer stop()
	_ = p.Pull(ctx, req, out.event) // the last event says it
	return nil
}

// readRequest insists on the content type, which no web page can send to
// another host without asking that host first.
func readRequest(w http.ResponseWriter, r *http.Request) (Request, error) {
	var req Request
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return req, refuse(http.StatusMethodNotAllowed, "pull takes a POST")
	}
	if t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t != "application/json" {
		return req, refuse(http.StatusUnsupportedMediaType, "pull takes application/json")
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&req)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return req, refuse(http.StatusRequestEntityTooLarge, "the request is larger than %d bytes", tooLarge.Limit)
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if err == nil {
		err = req.Validate()
	}
	if err != nil {
		return req, refuse(http.StatusBadRequest, "%v", err)
	}
	return req, nil
}

func writeError(w http.ResponseWriter, _ *http.Request, err error) {
	status := http.StatusInternalServerError
	if r, ok := errors.AsType[*refusal](err); ok {
		status = r.status
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": err.Error()})
}

// eventWriter writes each event as a line, at once.
type eventWriter struct {
	mu     sync.Mutex
	w      http.ResponseWriter
	ctl    *http.ResponseController
	failed context.CancelCauseFunc
}

func newEventWriter(w http.ResponseWriter, failed context.CancelCauseFunc) *eventWriter {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	return &eventWriter{w: w, ctl: http.NewResponseController(w), failed: failed}
}

func (o *eventWriter) event(e Event) {
	line, err := json.Marshal(e)
	if err != nil {
		o.failed(err)
		return
	}
	o.line(line)
}

func (o *eventWriter) line(line []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.ctl.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := o.w.Write(append(line, '\n')); err != nil {
		o.failed(fmt.Errorf("the client has gone: %w", err))
	} else if err := o.ctl.Flush(); err != nil {
		o.failed(fmt.Errorf("the client has gone: %w", err))
	}
}

func (o *eventWriter) keepAlive(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var done sync.WaitGroup
	done.Go(func() {
		tick := time.NewTicker(KeepAlive)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				o.line(nil)
			}
		}
	})
	return func() { cancel(); done.Wait() }
}
