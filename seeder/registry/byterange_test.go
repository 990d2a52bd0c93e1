package registry

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestRanges(t *testing.T) {
	const size = 10
	for header, want := range map[string]struct {
		span      span
		ok, taken bool // taken: it is a range at all
	}{
		"bytes=0-":                      {span{0, 10}, true, true},
		"bytes=3-":                      {span{3, 7}, true, true},
		"bytes=3-5":                     {span{3, 3}, true, true},
		"bytes=0-0":                     {span{0, 1}, true, true},
		"bytes=9-":                      {span{9, 1}, true, true},
		"bytes=3-99":                    {span{3, 7}, true, true},
		"bytes=-4":                      {span{6, 4}, true, true},
		"bytes=-99":                     {span{0, 10}, true, true},
		"Bytes=3-5":                     {span{3, 3}, true, true},
		"bytes=10-":                     {ok: false, taken: true},
		"bytes=99-100":                  {ok: false, taken: true},
		"bytes=-0":                      {span{10, 0}, false, true},
		"":                              {},
		"bytes":                         {},
		"bytes=":                        {},
		"bytes=-":                       {},
		"bytes=5-3":                     {},
		"bytes=a-b":                     {},
		"bytes=--1":                     {},
		"bytes=+1-2":                    {},
		"bytes=0x1-2":                   {},
		"bytes=0-1,3-4":                 {},
		"bytes=1-2-3":                   {},
		"lines=0-1":                     {},
		"bytes=0-1\x00":                 {},
		"bytes=1_0-":                    {},
		"bytes=-9999999999999999999999": {},
	} {
		rg, taken := parseRange(header)
		if taken != want.taken {
			t.Errorf("%q: taken %v", header, taken)
			continue
		}
		if got, ok := rg.within(size); taken && (ok != want.ok || got != want.span) {
			t.Errorf("%q: got %v %v, want %v %v", header, got, ok, want.span, want.ok)
		}
	}
}

func TestARangeOfNothing(t *testing.T) {
	for _, rg := range []byteRange{whole, {0, 0}, {1, missing}, {5, 9}, {missing, 1}, {missing, 0}} {
		if s, ok := rg.within(0); !ok || s != (span{}) {
			t.Errorf("%v of an empty blob: got %v %v", rg, s, ok)
		}
	}
}

func TestARangeOnlyCountsForThisContent(t *testing.T) {
	for _, c := range []struct {
		method, ifRange string
		want            bool
	}{
		{http.MethodGet, "", true},
		{http.MethodGet, `"this"`, true},
		{http.MethodGet, `"other"`, false},
		{http.MethodGet, "Wed, 21 Oct 2015 07:28:00 GMT", false},
		{http.MethodHead, "", false},
	} {
		r := httptest.NewRequest(c.method, "/", nil)
		r.Header.Set("Range", "bytes=1-2")
		r.Header.Set("If-Range", c.ifRange)
		if rg, ok := requestedRange(r, `"this"`); ok != c.want || !ok && rg != whole {
			t.Errorf("%+v: got %v %v", c, rg, ok)
		}
	}
}

// FuzzRange holds what we read from a header against what net/http reads from
// it.
func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-", "bytes=3-5", "bytes=-4", "bytes=10-", "bytes=5-3", "bytes=0-1,2-3", "bytes=-0", "x"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, header string, size int) {
		size &= 0xffff
		rg, ok := parseRange(header)
		if !ok {
			return
		}
		got, satisfiable := rg.within(int64(size))
		if satisfiable && (got.offset < 0 || got.length < 1 && size > 0 || got.offset+got.length > int64(size)) {
			t.Fatalf("%q of %d bytes: got %v", header, size, got)
		}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Range", "bytes"+header[len("bytes"):]) // net/http wants it in lower case
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(make([]byte, size)))
		if size == 0 && w.Code == http.StatusOK || rg == (byteRange{missing, 0}) {
			return // net/http serves nothing for "-0"
		}
		if satisfiable != (w.Code == http.StatusPartialContent) {
			t.Fatalf("%q of %d bytes: got %v %v, net/http says %d", header, size, got, satisfiable, w.Code)
		}
		if cr := w.Header().Get("Content-Range"); satisfiable && cr != got.contentRange(int64(size)) {
			t.Fatalf("%q of %d bytes: got %s, net/http says %s", header, size, got.contentRange(int64(size)), cr)
		}
	})
}
