package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/loadtest/testbed"
)

// ask makes the request that containerd would make of the mirror. It returns
// the status, 0 for none, and the time until the headers.
func (n *node) ask(kind string, d digest.Digest) (status int, took time.Duration) {
	n.cluster.t.Helper()
	ctx, cancel := context.WithTimeout(n.cluster.t.Context(), soon)
	defer cancel()
	url := fmt.Sprintf("%s/v2/e2e/app/%s/%s?ns=%s", testbed.MirrorURL, kind, d, registryName)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		n.cluster.t.Fatal(err)
	}
	begin := time.Now()
	res, err := n.Host.Client().Do(req)
	took = time.Since(begin)
	if err != nil {
		n.cluster.t.Logf("%s: %v", n.Host.Name, err)
		return 0, took
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, took
}
