package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// fetchTimeout is for the largest blob on the slowest link.
const fetchTimeout = 2 * time.Minute

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
	if err != io.EOF {
		return f, fmt.Errorf("GET %s: after %d bytes: %w", url, f.bytes, err)
	}
	return f, nil
}

// fetchAll is a fetch that must bring this many bytes.
func fetchAll(ctx context.Context, c *http.Client, url string, buf []byte, size int64) (fetched, error) {
	f, err := fetch(ctx, c, url, buf)
	if err == nil && (f.status != http.StatusOK || f.bytes != size) {
		err = fmt.Errorf("GET %s: status %d with %d bytes; want 200 with %d", url, f.status, f.bytes, size)
	}
	return f, err
}
