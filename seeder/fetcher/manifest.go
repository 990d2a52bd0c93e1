package fetcher

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"
)

const (
	maxManifest      = 4 << 20 // bytes; the distribution-spec asks registries to take at least this much
	maxManifestCache = 8 << 20 // bytes
)

// Manifest fetches a manifest whole. Wrong bytes make it ask the next peer.
// Recent ones are kept for a while, as clients like to ask twice: HEAD, then
// GET. The bytes are shared: do not change them.
func (f *Fetcher) Manifest(ctx context.Context, r Request) (Manifest, error) {
	d := r.Digest
	if m, ok := f.manifests.get(d); ok {
		return m, nil
	}
	m, err := f.manifest(ctx, r)
	if err != nil {
		f.handouts.distrust(d)
		f.metrics.fetched(resultOf(ctx))
		return Manifest{}, fmt.Errorf("fetch manifest %s: %w", d, err)
	}
	f.metrics.fetched(resultOK)
	f.manifests.put(d, m)
	return m, nil
}

func (f *Fetcher) manifest(ctx context.Context, r Request) (Manifest, error) {
	w, err := r.want("manifests")
	if err != nil {
		return Manifest{}, err
	}
	w.limit = maxManifest
	b, err := f.open(ctx, w)
	if err != nil {
		return Manifest{}, err
	}
	defer b.close()
	data, err := b.readWhole(maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	return Manifest{Bytes: data, MediaType: b.mediaType, Source: Source{Node: b.share.Node, Bytes: int64(len(data))}}, nil
}

// manifestCache keeps the manifests that were used last, up to a number of
// bytes.
type manifestCache struct {
	capacity int

	mu    sync.Mutex
	bytes int
	order *list.List // of *manifestEntry, the last used first
	byKey map[digest.Digest]*list.Element
}

type manifestEntry struct {
	digest   digest.Digest
	manifest Manifest
}

func newManifestCache(capacity int) *manifestCache {
	return &manifestCache{capacity: capacity, order: list.New(), byKey: make(map[digest.Digest]*list.Element)}
}

func (c *manifestCache) get(d digest.Digest) (Manifest, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[d]
	if !ok {
		return Manifest{}, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*manifestEntry).manifest, true
}

func (c *manifestCache) put(d digest.Digest, m Manifest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[d]; ok {
		return
	}
	c.byKey[d] = c.order.PushFront(&manifestEntry{d, m})
	for c.bytes += len(m.Bytes); c.bytes > c.capacity; {
		last := c.order.Remove(c.order.Back()).(*manifestEntry)
		delete(c.byKey, last.digest)
		c.bytes -= len(last.manifest.Bytes)
	}
}
