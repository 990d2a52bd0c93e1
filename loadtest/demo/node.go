package demo

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// node is a seeder with a store of its own.
type node struct {
	*child
	root    string // of its store
	mirror  string // addresses
	metrics string
}

func (s *stage) startNode(ctx context.Context, name string) (*node, error) {
	n := &node{root: filepath.Join(s.dir, name)}
	var err error
	n.child, err = s.start(ctx, name, "seeder",
		"--node-name="+name,
		"--trackers="+s.tracker,
		"--store=embedded", "--embedded-root="+n.root,
		"--mirror-listen=127.0.0.1:0", "--peer-listen=127.0.0.1:0", "--metrics-listen=127.0.0.1:0",
		fmt.Sprintf("--upload-rate=%d", s.NodeRate),
		"--log-format=json", "--log-level=debug")
	if err != nil {
		return nil, err
	}
	var ready struct{ Mirror, Metrics string }
	if err := n.said(ctx, "seeder is ready", &ready); err != nil {
		return nil, err
	}
	n.mirror, n.metrics = ready.Mirror, ready.Metrics
	return n, nil
}

// blobs is the folder of the node's content.
func (n *node) blobs() string { return filepath.Join(n.root, "content", "blobs", "sha256") }

// wipe empties the store of a node that has been killed.
func (n *node) wipe() error { return os.RemoveAll(n.root) }

// metric reads one number from the node's metrics.
func (n *node) metric(ctx context.Context, name string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+n.metrics+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := newClient().Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if v, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			return strconv.ParseFloat(v, 64)
		}
	}
	return 0, fmt.Errorf("%s has no metric %s", n.name, name)
}

func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}
