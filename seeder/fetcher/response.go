package fetcher

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// want is what is asked of a parent. As bytes arrive, offset moves on; end and
// size become known with the first answer.
type want struct {
	path   string // of the URL
	blob   string // the same as a blob: what is not committed has no other name
	look   bool
	ahead  bool // somebody else would send it a little later
	digest digest.Digest
	offset int64
	end    int64 // one past the last byte; negative: the end of the blob
	size   int64 // of the whole blob; negative: not known yet
	limit  int64 // largest size that is accepted; 0: any

	said     int64  // the size of the whole by a manifest; 0: not known
	registry string // where it comes from when no peer has it
}

// ranged tells whether a Range header is needed.
func (w want) ranged() bool { return w.offset > 0 || (w.end >= 0 && w.end != w.size) }

// header is the value of the Range header (RFC 9110 §14.2).
func (w want) header() string {
	if w.end < 0 {
		return fmt.Sprintf("bytes=%d-", w.offset)
	}
	return fmt.Sprintf("bytes=%d-%d", w.offset, w.end-1)
}

// failure is why a parent cannot be used.
type failure struct {
	// kind is what the trackers are told; empty when the peer is not to
	// blame, or it cannot be known who is.
	kind trackerapi.Kind
	err  error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func failed(kind trackerapi.Kind, format string, args ...any) *failure {
	return &failure{kind: kind, err: fmt.Errorf(format, args...)}
}

// blameOf is what the trackers are told about an error.
func blameOf(err error) trackerapi.Kind {
	if f, ok := errors.AsType[*failure](err); ok {
		return f.kind
	}
	return ""
}

// check holds a response to what was asked, and returns the want with its end
// and size filled in.
func (w want) check(status int, h http.Header, length int64) (want, error) {
	if e := h.Get("Content-Encoding"); e != "" && e != "identity" {
		return w, failed(trackerapi.KindCorrupt, "the content is encoded (%q)", e)
	}
	var err error
	switch {
	case w.ranged() && status == http.StatusPartialContent:
		w, err = w.checkPart(h.Get("Content-Range"), length)
	case !w.ranged() && status == http.StatusOK:
		w, err = w.checkWhole(length)
	case w.ranged() && status == http.StatusOK:
		return w, failed(trackerapi.KindCorrupt, "the range was ignored")
	case status == http.StatusRequestedRangeNotSatisfiable:
		return w, failed("", "the range is outside of its blob")
	case status == http.StatusServiceUnavailable && h.Get("Retry-After") != "":
		return w, failed(trackerapi.KindOverloaded, "it is busy")
	default:
		return w, failed(trackerapi.KindMiss, "status %d", status)
	}
	if err == nil && w.limit > 0 && w.size > w.limit {
		err = failed("", "%d bytes are more than %d", w.size, w.limit)
	}
	return w, err
}

func (w want) checkWhole(length int64) (want, error) {
	if length < 0 {
		return w, failed(trackerapi.KindCorrupt, "no Content-Length")
	}
	return w.agree(length)
}

func (w want) checkPart(header string, length int64) (want, error) {
	r, err := parseContentRange(header)
	if err != nil {
		return w, failed(trackerapi.KindCorrupt, "%w", err)
	}
	end := r.size
	if w.end >= 0 {
		end = min(w.end, r.size)
	}
	if r.first != w.offset || r.last != end-1 || length != r.last-r.first+1 {
		return w, failed(trackerapi.KindCorrupt, "asked for %s, got %q with length %d", w.header(), header, length)
	}
	return w.agree(r.size)
}

// agree compares a size with what another parent said. When they differ, one
// of the two is wrong, and only the digest will tell which: nobody is accused.
func (w want) agree(size int64) (want, error) {
	if w.size >= 0 && size != w.size {
		return w, failed("", "the blob has %d bytes, another peer said %d", size, w.size)
	}
	w.size = size
	if w.end < 0 || w.end > size {
		w.end = size
	}
	return w, nil
}

// contentRange is "bytes first-last/size" (RFC 9110 §14.4).
type contentRange struct{ first, last, size int64 }

func parseContentRange(s string) (contentRange, error) {
	bad := fmt.Errorf("bad Content-Range %q", s)
	rest, ok := strings.CutPrefix(s, "bytes ")
	if !ok {
		return contentRange{}, bad
	}
	span, total, ok := strings.Cut(rest, "/")
	if !ok {
		return contentRange{}, bad
	}
	from, to, ok := strings.Cut(span, "-")
	if !ok {
		return contentRange{}, bad
	}
	first, err1 := strconv.ParseUint(from, 10, 63)
	last, err2 := strconv.ParseUint(to, 10, 63)
	size, err3 := strconv.ParseUint(total, 10, 63)
	if err1 != nil || err2 != nil || err3 != nil || last < first || size <= last {
		return contentRange{}, bad
	}
	return contentRange{int64(first), int64(last), int64(size)}, nil
}
