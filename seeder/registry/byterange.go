package registry

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// byteRange is one range as RFC 9110 §14.1.2 writes it, first-last. Either side
// may be missing: "5-" reaches to the end, "-5" are the last five bytes.
type byteRange struct{ first, last int64 }

const missing = -1

// whole is what is wanted where no range is asked for.
var whole = byteRange{0, missing}

// span is a range of a blob whose size is known.
type span struct{ offset, length int64 }

// requestedRange reads the Range header of a GET. What is not one well-formed
// range is ignored, as RFC 9110 §14.2 allows; so is a range on the condition of
// another content than this one.
func requestedRange(r *http.Request, etag string) (rg byteRange, ok bool) {
	if c := r.Header.Get("If-Range"); r.Method != http.MethodGet || c != "" && c != etag {
		return whole, false
	}
	rg, ok = parseRange(r.Header.Get("Range"))
	if !ok {
		return whole, false
	}
	return rg, true
}

func parseRange(header string) (byteRange, bool) {
	unit, spec, _ := strings.Cut(header, "=")
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	if !strings.EqualFold(unit, "bytes") || !ok || first == "" && last == "" {
		return byteRange{}, false
	}
	rg := byteRange{position(first), position(last)}
	if rg.first == malformed || rg.last == malformed {
		return byteRange{}, false
	}
	if rg.first != missing && rg.last != missing && rg.last < rg.first {
		return byteRange{}, false
	}
	return rg, true
}

const malformed = -2

func position(s string) int64 {
	if s == "" {
		return missing
	}
	n, err := strconv.ParseUint(s, 10, 62) // so that sums fit
	if err != nil {
		return malformed
	}
	return int64(n)
}

// within cuts the range to a blob of the given size; false when nothing is
// left of it. Of an empty blob everybody gets all there is, as from net/http:
// some clients always send a range.
func (rg byteRange) within(size int64) (span, bool) {
	switch {
	case size == 0:
		return span{}, true
	case rg.first == missing:
		n := min(rg.last, size)
		return span{size - n, n}, n > 0
	case rg.first >= size:
		return span{}, false
	case rg.last == missing:
		return span{rg.first, size - rg.first}, true
	}
	return span{rg.first, min(rg.last, size-1) - rg.first + 1}, true
}

// contentRange is the header of a 206.
func (s span) contentRange(size int64) string {
	return fmt.Sprintf("bytes %d-%d/%d", s.offset, s.offset+s.length-1, size)
}

// unsatisfiable is the answer for a range outside of the blob.
func unsatisfiable(size int64) error {
	return problemf(http.StatusRequestedRangeNotSatisfiable, codeSizeInvalid,
		"the range is outside of the blob's %d bytes", size)
}
