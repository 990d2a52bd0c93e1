package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// fetchTimeout is for the largest blob on the slowest link.
const fetchTimeout = 2 * time.Minute

const (
	askAgainFor   = 10 * time.Second
	askAgainAfter = 100 * time.Millisecond
)

// readSize is how much the client asks the kernel for at a time: so much that
// its own work hardly counts.
const readSize = 1 << 20

// fetched is one answer, seen by the client.
type fetched struct {
	status    int
	bytes     int64
	firstByte time.Duration // of the body, since the request began
	took      time.Duration
}

// fetch gets a URL and throws the body away, by way of buf.
func fetch(ctx context.Context, c *http.Client, url string, buf []byte) (f fetched, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return f, err
	}
	began := time.Now()
	res, err := c.Do(req)
	if err != nil {
		return f, err
	}
	defer res.Body.Close()
	f.status = res.StatusCode
	for err == nil {
		var n int
		n, err = res.Body.Read(buf)
		if f.bytes == 0 {
			f.firstByte = time.Since(began)
		}
		f.bytes += int64(n)
	}
	f.took = time.Since(began)
	if !errors.Is(err, io.EOF) {
		return f, fmt.Errorf("GET %s: after %d bytes: %w", url, f.bytes, err)
	}
	return f, nil
}

// fetchAll is a fetch that must bring this many bytes. A mirror whose lookup was
// late says 404, as it should; it is asked again, because these transfers are
// not about that.
func fetchAll(ctx context.Context, c *http.Client, url string, buf []byte, size int64) error {
	for last := time.Now().Add(askAgainFor); ; {
		f, err := fetch(ctx, c, url, buf)
		switch {
		case err != nil:
			return err
		case f.status == http.StatusOK && f.bytes == size:
			return nil
		case f.status != http.StatusNotFound || time.Now().After(last):
			return fmt.Errorf("GET %s: status %d with %d bytes; want 200 with %d", url, f.status, f.bytes, size)
		}
		select {
		case <-time.After(askAgainAfter):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
