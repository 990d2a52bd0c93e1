package fetcher

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/shared/trackerapi"
)

// BenchmarkRead is the path of a large blob: one socket, one hash. The peer is
// in this process too, so its work is part of the figure; "raw" is the same
// without us.
func BenchmarkRead(b *testing.B) {
	const size = 256 << 20
	data, d := blob(size)
	srv := httptest.NewServer(good(data))
	defer srv.Close()
	o := &oracle{handout: trackerapi.Handout{holder("a", srv.Listener.Addr().String())}}
	f := New(Config{}, o, o, slog.New(slog.DiscardHandler), nil)
	defer f.stop()
	buf := make([]byte, 256<<10)
	b.Run("verified", func(b *testing.B) {
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			drain(b, f, Request{Digest: d, Length: ToEnd}, buf)
		}
	})
	b.Run("proved", func(b *testing.B) {
		witness := httptest.NewServer(vouching(wire(b, d, data), good(data)))
		defer witness.Close()
		o := &oracle{handout: append(o.handout, holder("b", witness.Listener.Addr().String()))}
		f := New(Config{Sources: 1}, o, o, slog.New(slog.DiscardHandler), nil)
		defer f.stop()
		b.SetBytes(size)
		b.ReportAllocs()
		for b.Loop() {
			drain(b, f, Request{Digest: d, Length: ToEnd}, buf)
		}
		proved := testutil.ToFloat64(f.metrics.large.WithLabelValues("proved"))
		b.ReportMetric(100*proved/float64(size)/float64(b.N), "%proved")
	})
	b.Run("unverified", func(b *testing.B) {
		b.SetBytes(size - 1)
		for b.Loop() {
			drain(b, f, Request{Digest: d, Offset: 1, Length: ToEnd}, buf)
		}
	})
	b.Run("raw", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			_, _ = fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
			if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{conn}, buf); err != nil {
				b.Fatal(err)
			}
			conn.Close()
		}
	})
	b.Run("hash only", func(b *testing.B) {
		b.SetBytes(size)
		for b.Loop() {
			digest.FromBytes(data)
		}
	})
}

func drain(b *testing.B, f *Fetcher, r Request, buf []byte) {
	s, err := f.Fetch(b.Context(), r)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, s, buf); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkSmall is what one config or small layer costs, connection reused.
func BenchmarkSmall(b *testing.B) {
	data, d := blob(4096)
	srv := httptest.NewServer(good(data))
	defer srv.Close()
	o := &oracle{handout: trackerapi.Handout{holder("a", srv.Listener.Addr().String())}}
	f := New(Config{}, o, o, slog.New(slog.DiscardHandler), nil)
	defer f.stop()
	buf := make([]byte, 256<<10)
	b.ReportAllocs()
	for b.Loop() {
		drain(b, f, Request{Digest: d, Length: ToEnd}, buf)
	}
}
