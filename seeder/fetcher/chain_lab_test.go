package fetcher

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"
)

// quick is a rate at which a piece takes 26 ms.
const quick = 10 * megabyte

// A chain costs no time: not one that comes, nor one that is refused, and one that
// never comes no more than the wait for its first link.
func TestAChainCostsNoTime(t *testing.T) {
	data, d := blob(hugeSize)
	links := wire(t, d, data)
	const alone = hugeSize * time.Second / (4 * quick)
	for name, c := range map[string]struct {
		testify func(*http.Request) *http.Response
		extra   time.Duration
	}{
		"it comes":   {nil, 0},
		"it is none": {chainless, 0},
		"it is mute": {muteAfter(nil, len(links)), 30 * time.Millisecond},
		"it stalls":  {muteAfter(links[:10*32], len(links)), 30 * time.Millisecond},
		"it drips":   {linkByLink(links, 12*time.Millisecond), 30 * time.Millisecond},
		"no headers": {mute, 30 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{Sources: 1}, data, []int{4 * quick, 4 * quick}, func(l *lab) {
				if l.vouches("b", links); c.testify != nil {
					l.peers["b"].testify = c.testify
				}
				began := time.Now()
				s, err := l.Fetch(l.t.Context(), Request{Digest: d, Length: ToEnd})
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				first := make([]byte, 256<<10)
				n, err := s.Read(first)
				if took := time.Since(began); err != nil || took > 60*time.Millisecond {
					t.Errorf("the first %d bytes took %s, %v", n, took, err)
				}
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, s, first); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > alone+c.extra+5*time.Millisecond {
					t.Errorf("it took %s; alone %s", took, alone)
				}
				l.wantReports("")
			})
		})
	}
}

// On a slow link nothing is kept back for long: others may be waiting behind us. For
// links that do not come, bytes are kept back once.
func TestSlowBytesAreNotKeptBack(t *testing.T) {
	data, d := blob(hugeSize)
	links := wire(t, d, data)
	for name, c := range map[string]struct {
		rate    int
		testify func(*http.Request) *http.Response
		most    time.Duration // that a read may take
		long    int           // reads that take longer than half of that
		reports string
	}{
		"pieces come slowly":  {4 * slow, nil, 110 * time.Millisecond, 1, ""},
		"links do not come":   {quick / 2, muteAfter(nil, len(links)), 35 * time.Millisecond, 1, ""},
		"they come as late":   {quick / 2, linkByLink(links, 52*time.Millisecond), 35 * time.Millisecond, 2, ""},
		"nobody answers":      {quick / 2, mute, 35 * time.Millisecond, 1, "b timeout"},
		"they come no longer": {quick / 2, muteAfter(links[:5*32], len(links)), 60 * time.Millisecond, 6, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{Sources: 1}, data, []int{c.rate, c.rate}, func(l *lab) {
				if l.vouches("b", links); c.testify != nil {
					l.peers["b"].testify = c.testify
				}
				if n := l.longReads(d, c.most); n > c.long {
					t.Errorf("%d reads took more than %s", n, c.most/2)
				}
				l.wantReports(c.reports)
			})
		})
	}
}

// longReads reads a blob, and counts the reads that take more than half of what they
// may take.
func (l *lab) longReads(d digest.Digest, most time.Duration) (n int) {
	l.t.Helper()
	s, err := l.Fetch(l.t.Context(), Request{Digest: d, Length: ToEnd})
	if err != nil {
		l.t.Fatal(err)
	}
	defer s.Close()
	for buf := make([]byte, 256<<10); ; {
		began := time.Now()
		_, err := s.Read(buf)
		took := time.Since(began)
		if took > most {
			l.t.Errorf("a read took %s", took)
		}
		if took > most/2 {
			n++
		}
		if errors.Is(err, io.EOF) {
			return n
		}
	}
}

// A chain that comes late is caught up with: what is wrong after that is mended.
func TestALateChainIsCaughtUpWith(t *testing.T) {
	data, d := blob(hugeSize)
	links := wire(t, d, data)
	inLab(t, Config{Sources: 1}, data, []int{quick, quick, quick}, func(l *lab) {
		l.vouches("b", links)
		testify := l.peers["b"].testify
		l.peers["b"].testify = func(r *http.Request) *http.Response {
			<-time.After(200 * time.Millisecond)
			return testify(r)
		}
		l.peers["a"].data = flipped(data, hugeSize*3/4)
		l.took(d, data, 0)
		l.wantReports("a corrupt")
	})
}

// Several send together, and one of them sends wrong bytes: he is found out, alone,
// and what he has brought ahead is dropped.
func TestWhoOfSeveralHasSentAWrongPieceIsKnown(t *testing.T) {
	data, d := blob(4 * hugeSize)
	links := wire(t, d, data)
	wrong := bytes.Clone(data)
	for at := 0; at < len(wrong); at += 1 << 10 {
		wrong[at] ^= 1
	}
	for name, bad := range map[string]string{"the parent": "a", "a helper": "b"} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{}, data, []int{quick / 2, quick / 2, quick / 2, quick / 2}, func(l *lab) {
				for _, p := range l.peers {
					l.vouches(p.name, links)
				}
				l.peers[bad].data = wrong
				_, from := l.took(d, data, 0)
				l.wantReports(bad + " corrupt")
				if len(from) < 2 || from[bad] > 0 {
					t.Errorf("who has sent it: %v", from)
				}
				if l.buffers.used != 0 {
					t.Errorf("%d buffers are still in use", l.buffers.used)
				}
			})
		})
	}
}
