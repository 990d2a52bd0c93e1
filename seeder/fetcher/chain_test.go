package fetcher

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Whoever is asked first, and whatever is wrong with what he sends: where a piece can
// be proved, the reader never sees a wrong one, and the stream goes on.
func TestWrongPiecesAreFetchedElsewhere(t *testing.T) {
	data, _ := blob(chainSize)
	everywhere := make([]int, 0, 13)
	for at := 0; at < chainSize; at += chain.Piece {
		everywhere = append(everywhere, at)
	}
	for name, c := range map[string]struct {
		wrong   []int
		others  []other
		reports string
	}{
		"in the middle":               {[]int{chainSize / 2}, []other{honest, plain}, "a corrupt"},
		"the first byte":              {[]int{0}, []other{honest, plain}, "a corrupt"},
		"the last byte of a piece":    {[]int{chain.Piece - 1}, []other{honest, plain}, "a corrupt"},
		"the last byte":               {[]int{chainSize - 1}, []other{honest, plain}, "a corrupt"},
		"everywhere":                  {everywhere, []other{honest, plain}, "a corrupt"},
		"only the witness is there":   {[]int{chainSize / 2}, []other{honest}, "a corrupt"},
		"the end, only the witness":   {[]int{chainSize - 1}, []other{honest}, "a corrupt"},
		"another is wrong there, too": {[]int{chainSize / 2}, []other{late(honest), spoiled(chainSize/2 + 1), late(plain)}, "a corrupt, c corrupt"},
		"another is wrong later":      {[]int{chain.Piece}, []other{late(honest), spoiled(9 * chain.Piece), late(plain)}, "a corrupt, c corrupt"},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			c2 := newCourt(t, wrongAt(data, c.wrong...), c.others...)
			c2.wantWhole()
			c2.wantReports(c.reports)
			c2.wantKept()
		})
	}
}

// What is said about right bytes, and by whom, changes nothing for the reader.
func TestRightBytesPassWhateverTheWitnessSays(t *testing.T) {
	lie := func(links []byte) []byte { links[5*32] ^= 1; return links }
	for name, c := range map[string]struct {
		others  []other
		reports string
	}{
		"nobody else":                         {nil, ""},
		"the truth":                           {[]other{honest}, ""},
		"nothing: it knows no chains":         {[]other{plain}, ""},
		"it is busy":                          {[]other{func(_ *court, then http.HandlerFunc) http.HandlerFunc { return asking(busy, then) }}, ""},
		"it hangs up":                         {[]other{func(_ *court, then http.HandlerFunc) http.HandlerFunc { return asking(hangUp(true), then) }}, "b refused"},
		"another length":                      {[]other{func(_ *court, then http.HandlerFunc) http.HandlerFunc { return asking(good([]byte("links")), then) }}, ""},
		"it breaks off":                       {[]other{testifying(func(l []byte) []byte { return l[:100] }), plain}, ""},
		"it breaks off after a lie":           {[]other{testifying(func(l []byte) []byte { return lie(l)[:300] })}, ""},
		"its own content is wrong":            {[]other{spoiled(chainSize / 2)}, ""},
		"its own is wrong, others have it":    {[]other{spoiled(chainSize / 2), plain}, ""},
		"its own is wrong, and not yet known": {[]other{slowlySpoiled(chainSize / 2), plain}, "b corrupt"},
		"its own is wrong in the first piece": {[]other{slowlySpoiled(0), plain}, "b corrupt"},
		"it lies to the end":                  {[]other{testifying(lie), plain}, "b corrupt"},
		"it lies, and the next tells":         {[]other{testifying(lie), honest, plain}, "b corrupt"},
		"its own is wrong, the rest is dead":  {[]other{slowlySpoiled(0), dead}, "c refused"},
		"all the others are dead":             {[]other{slowlySpoiledAndDead(0), dead}, "c refused, b refused, b refused, c refused"},
		"it fails, and the next tells":        {[]other{plain, honest}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			c2 := newCourt(t, nil, c.others...)
			c2.wantWhole()
			c2.wantReports(c.reports)
			c2.wantKept()
		})
	}
}

// Two nodes, one of them with wrong bytes, and neither can be told from the other
// before the end: nothing wrong ever makes a whole.
func TestNobodyElseToAsk(t *testing.T) {
	data, _ := blob(chainSize)
	c := newCourt(t, wrongAt(data, chainSize/2), spoiled(1))
	got, _, err := c.read(Request{Digest: c.d, Length: ToEnd})
	if err == nil || len(got) >= chainSize {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// The reader has whole pieces while they are proved, the first one too, and the
// metrics say so.
func TestPiecesAreGivenOnWhenTheyAreProved(t *testing.T) {
	c := newCourt(t, nil, honest)
	s, err := c.Fetch(t.Context(), Request{Digest: c.d, Length: ToEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	buf := make([]byte, 256<<10)
	for n, err := s.Read(buf); !errors.Is(err, io.EOF); n, err = s.Read(buf) {
		if err != nil || (n != chain.Piece && n != 17) {
			t.Fatalf("read %d bytes, %v", n, err)
		}
	}
	if got := testutil.ToFloat64(c.metrics.large.WithLabelValues("proved")); got != chainSize {
		t.Errorf("%v bytes were proved", got)
	}
	if !s.Verified() {
		t.Error("it is not verified")
	}
}

// With little room nothing can be kept back; the digest still tells.
func TestAReaderWithLittleMemoryIsNotKeptWaiting(t *testing.T) {
	c := newCourt(t, nil, honest)
	s, err := c.Fetch(t.Context(), Request{Digest: c.d, Length: ToEnd})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all bytes.Buffer
	if _, err := io.CopyBuffer(struct{ io.Writer }{&all}, s, make([]byte, 10_000)); err != nil || !bytes.Equal(all.Bytes(), c.data) {
		t.Errorf("%d bytes, %v", all.Len(), err)
	}
	if got := testutil.ToFloat64(c.metrics.large.WithLabelValues("proved")); got > 17 {
		t.Errorf("%v bytes were proved", got)
	}
}

// Who has only the beginning is followed closely; small blobs and parts are not
// checked by pieces.
func TestWhoIsNotAskedForAChain(t *testing.T) {
	for name, c := range map[string]struct {
		size  int
		r     Request
		first func(trackerapi.Holder) trackerapi.Holder
	}{
		"a small blob":     {size: 1 << 20},
		"a part":           {size: chainSize, r: Request{Offset: 1}},
		"a partial parent": {size: chainSize, first: partial},
	} {
		t.Run(name, func(t *testing.T) {
			data, d := blob(c.size)
			var asked atomic.Int64
			w := newWorld(t, Config{ChainWait: long})
			a, b := serve(t, "a", good(data)), serve(t, "b", asking(counted(&asked, http.NotFound), after(w.accused, good(data))))
			if c.first != nil {
				a = c.first(a)
			}
			w.setHandout(a, b)
			c.r.Digest, c.r.Length = d, ToEnd
			if got, _, err := w.read(c.r); err != nil || !bytes.Equal(got, data[c.r.Offset:]) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
			if asked.Load() != 0 {
				t.Error("b was asked for the chain")
			}
		})
	}
}

// Other algorithms have links of another size.
func TestAChainOfSHA512(t *testing.T) {
	data, _ := blob(chainSize)
	d := digest.SHA512.FromBytes(data)
	w := newTrial(t, serve(t, "a", good(flipped(data, chainSize/2))), nil)
	w.Fetcher.cfg.ChainWait, w.Fetcher.cfg.SlowPiece = long, long
	w.setHandout(w.handout[0], serve(t, "b", asking(good(wire(t, d, data)), after(w.accused, good(data)))), serve(t, "c", good(data)))
	w.wantBlob(d, data)
	if !strings.Contains(w.reported(), "a corrupt") {
		t.Errorf("reported %q", w.reported())
	}
}
