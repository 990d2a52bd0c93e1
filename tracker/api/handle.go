package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/shared/trackerapi"
)

// ExchangeTime is the time for a request to arrive, and as much again for its
// answer to leave.
const ExchangeTime = 10 * time.Second

const (
	smallBody   = 2 << 20  // every other message fits
	maxElements = 500_000  // no message within the limits has as many commas
	maxPooled   = 64 << 10 // larger buffers are left to the garbage collector
)

// handle makes a handler out of what a verb is: a message, how to check it,
// and what to do. A panic becomes an internal error.
func handle[Req, Resp any](a *API, verb string, check func(*Req) error, do func(*http.Request, *Req) (Resp, error)) httpserver.Handler {
	count := a.metrics.verb(verb)
	read := a.readSmall
	if verb == "announce" || verb == "work" {
		read = a.readLarge
	}
	return func(w http.ResponseWriter, r *http.Request) (err error) {
		begin := time.Now()
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
			count(begin, err)
		}()
		req := new(Req)
		done, err := read(w, r, req)
		defer done()
		if err != nil {
			return err
		}
		if err := check(req); err != nil {
			return err
		}
		resp, err := do(r, req)
		if err != nil {
			return err
		}
		return answer(w, http.StatusOK, &resp)
	}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readSmall is for all but announcements and work messages. net/http itself keeps
// a body to the length that it was said to have.
func (a *API) readSmall(w http.ResponseWriter, r *http.Request, into any) (done func(), err error) {
	body := r.Body
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		body = http.MaxBytesReader(w, body, smallBody)
	}
	return nothing, decode(body, noWait, into)
}

// decode reads a message. What it has to wait for before that takes time, if
// anything, depends on its size.
func decode(body io.Reader, wait func(size int) error, into any) error {
	b := buffers.Get().(*bytes.Buffer)
	defer giveBack(b)
	if _, err := b.ReadFrom(body); err != nil {
		if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return trackerapi.Errorf(trackerapi.CodeTooLarge, "the body is larger than %d bytes", large.Limit)
		}
		return trackerapi.Errorf(trackerapi.CodeInvalid, "the body did not arrive: %v", err)
	}
	if err := wait(b.Len()); err != nil {
		return err
	}
	if bytes.Count(b.Bytes(), []byte{','}) > maxElements {
		return trackerapi.Errorf(trackerapi.CodeTooLarge, "the message has more than %d elements", maxElements)
	}
	if readPlain(b.Bytes(), into) {
		return nil
	}
	if err := json.Unmarshal(b.Bytes(), into); err != nil {
		return trackerapi.Errorf(trackerapi.CodeInvalid, "%v", err)
	}
	return nil
}

// ownLength is the size up to which net/http finds out by itself how long an
// answer is, for less.
const ownLength = 2 << 10

var contentType = []string{"application/json"}

func answer[T any](w http.ResponseWriter, status int, v *T) error {
	b := buffers.Get().(*bytes.Buffer)
	defer giveBack(b)
	body, plain := appendPlain(b.AvailableBuffer(), v)
	if !plain {
		var err error
		if body, err = json.Marshal(*v); err != nil { // a copy: so *v need not be on the heap
			return err
		}
	}
	b.Write(body) // keeps the room that it took, for the next
	w.Header()["Content-Type"] = contentType
	if len(body) > ownLength {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // who has gone away meanwhile is not our trouble
	return nil
}

func giveBack(b *bytes.Buffer) {
	if b.Cap() <= maxPooled {
		b.Reset()
		buffers.Put(b)
	}
}

// refuse is where all errors are written.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e := trackerapi.AsError(err)
	if e.Code == trackerapi.CodeInternal {
		a.log.Error("request failed", "path", r.URL.Path, "from", r.RemoteAddr, "error", err)
	} else {
		a.log.Debug("request refused", "path", r.URL.Path, "from", r.RemoteAddr, "code", string(e.Code), "error", e.Message)
	}
	_ = answer(w, e.Status(), e)
}

// noRoute is for unknown paths and methods.
func (a *API) noRoute(w http.ResponseWriter, r *http.Request) {
	a.refuse(w, r, trackerapi.Errorf(trackerapi.CodeInvalid, "there is no %.16s %.128q here", r.Method, r.URL.Path))
}
