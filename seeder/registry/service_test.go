package registry

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func newService() *service {
	return &service{total: prometheus.NewCounter(prometheus.CounterOpts{Name: "bytes"})}
}

func TestTheUploadRateFollowsWhatIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		if s.bytesPerSecond() != 0 {
			t.Errorf("at first %d", s.bytesPerSecond())
		}
		for range 600 { // a minute of 1 MB/s
			s.Add(100_000)
			<-time.After(100 * time.Millisecond)
		}
		if got := s.bytesPerSecond(); got < 950_000 || got > 1_050_000 {
			t.Errorf("under way %d", got)
		}
		<-time.After(10 * rateMemory)
		if got := s.bytesPerSecond(); got > 1000 {
			t.Errorf("long after the end %d", got)
		}
	})
}

func TestLatencyIsThatOfTheSlowOnesAndIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService()
		if s.latency() != 0 {
			t.Errorf("at first %s", s.latency())
		}
		for i := range 2 * waitsKept {
			took := time.Millisecond
			if i%10 == 0 {
				took = time.Second
			}
			s.waited(took)
		}
		if got := s.latency(); got != time.Second {
			t.Errorf("one in ten takes a second: %s", got)
		}
		for range waitsKept {
			s.waited(time.Millisecond)
		}
		if got := s.latency(); got != time.Millisecond {
			t.Errorf("that is over: %s", got)
		}
		<-time.After(waitsLast)
		if got := s.latency(); got != 0 {
			t.Errorf("nobody has come since: %s", got)
		}
	})
}

func TestThePeerSideMeasuresItsService(t *testing.T) {
	b := newBed(t)
	d := b.put(noise(1 << 20))
	p := b.peer()
	if res := ask(p, "GET", blobPath(d)); res.StatusCode != http.StatusOK {
		t.Fatal(res.Status)
	}
	if p.UploadRate() == 0 {
		t.Error("nothing was sent, it says")
	}
	ask(p, "HEAD", blobPath(d))
	if n := p.service.next; n != 1 {
		t.Errorf("%d waits are noted; want that of the GET", n)
	}
}

func TestADownloadLimitCutsPieces(t *testing.T) {
	const bytesPerSecond = 2 << 20
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		out := httptest.NewRecorder()
		b := newBody(t.Context(), out)
		b.limit = newLimit(bytesPerSecond)
		want := noise(4 * bytesPerSecond)
		n, err := io.Copy(onlyWriter{b}, bytes.NewReader(want))
		if err != nil || n != int64(len(want)) || !bytes.Equal(out.Body.Bytes(), want) {
			t.Fatalf("%d of %d bytes, %v", n, len(want), err)
		}
		if took := time.Since(began); took < 3900*time.Millisecond || took > 4100*time.Millisecond {
			t.Errorf("4 s worth of bytes took %s", took)
		}
	})
}

func TestRelaysShareTheDownloadLimit(t *testing.T) {
	b := newBed(t)
	m := b.mirror(MirrorConfig{DownloadRate: 1 << 20})
	p := noise(1 << 19)
	d := b.swarm.add(p)
	began := time.Now()
	for range 2 {
		wantBytes(t, ask(m, "GET", blobPath(d)), d, 200, p)
	}
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("one second's worth of bytes came within %s", took)
	}
}

// onlyWriter hides ReadFrom.
type onlyWriter struct{ io.Writer }
