package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/opencontainers/go-digest"
)

// How an ingest that was being read can end, other than well.
var (
	// ErrAborted says that it was removed and no blob came of it.
	ErrAborted = errors.New("the ingest was aborted")
	// ErrTruncated says that its writer began anew: what was read of it may
	// not be what comes now.
	ErrTruncated = errors.New("the ingest was begun anew")
	// ErrBehind is no end: what was there a moment ago will be in the file.
	ErrBehind = errors.New("it is between memory and file")
)

// pieceSize is how much of a feed is read at a time.
const pieceSize = 128 << 10

// fresh is how recently an ingest must have been written to be preferred to one
// that is farther on, but may have been left behind by a crash.
const fresh = 10 * time.Second

// Growing is content on its way into the store, opened for reading. Its bytes
// come in order and are nobody's word yet: only the commit verifies them. It
// stays readable across the commit. Each Growing belongs to one reader; what
// it takes to follow the ingest is shared by all readers of it.
type Growing struct {
	*growth
	file  *os.File // the reader's own, for its position
	piece []byte   // the reader's own, for what comes from the feed; made when it is needed
	watch *watch
}

// OpenGrowing opens an ingest of d. Of several it takes the farthest among
// those written lately. It fails with [ErrNotFound] when there is none, or its
// files cannot be read: containerd does not send unfinished content over its
// socket.
func (b *Base) OpenGrowing(_ context.Context, d digest.Digest) (*Growing, error) {
	in, err := b.farthest(d, time.Now())
	if err != nil {
		return nil, fmt.Errorf("open growing %s: %w", d, err)
	}
	file, err := os.Open(in.data())
	if err != nil {
		return nil, fmt.Errorf("open growing %s: %w", d, absent(err))
	}
	g, err := b.watch.join(in, b.blobPath(d))
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("open growing %s: %w", d, absent(err))
	}
	return &Growing{growth: g, file: file, watch: b.watch}, nil
}

// Reader reads up to n bytes, and at least one, from offset on, which must be
// there already. Of the file it is that file under one limit, which net/http sends
// with sendfile(2); what is not in the file yet comes from memory, if the reader is
// not too far behind: then the error is [ErrBehind], and the next Wait is for the
// file. The next call ends its use.
func (g *Growing) Reader(offset, n int64) (io.Reader, error) {
	length, feed := g.parts()
	feed.want()
	if offset >= length {
		return g.ahead(feed, offset, n)
	}
	if _, err := g.file.Seek(offset, io.SeekStart); err != nil {
		return nil, err
	}
	return &io.LimitedReader{R: g.file, N: min(n, length-offset)}, nil
}

func (g *Growing) ahead(feed *Feed, offset, n int64) (io.Reader, error) {
	if g.piece == nil {
		g.piece = make([]byte, pieceSize)
	}
	read := feed.read(g.piece[:min(n, pieceSize)], offset)
	if read == 0 {
		return nil, ErrBehind
	}
	return bytes.NewReader(g.piece[:read]), nil
}

// Close ends this reader's interest.
func (g *Growing) Close() error {
	g.watch.leave(g.growth)
	return g.file.Close()
}

// Arrival is an ingest as its folder tells it.
type Arrival struct {
	Digest    digest.Digest
	Offset    int64 // bytes written so far
	UpdatedAt time.Time

	dir string
}

func (a Arrival) data() string { return filepath.Join(a.dir, "data") }

// total is the number of bytes expected; 0 when unknown.
func (a Arrival) total() int64 {
	text, _ := os.ReadFile(filepath.Join(a.dir, "total"))
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// Arrivals lists all ingests whose refs name a digest: none where the files
// cannot be read. It costs a look into the folder of each.
func (f Files) Arrivals() []Arrival {
	root := filepath.Join(f.Path, "ingest")
	dirs, _ := os.ReadDir(root) // it is made with the first ingest
	all := make([]Arrival, 0, len(dirs))
	for _, dir := range dirs {
		if a, ok := f.arrival(filepath.Join(root, dir.Name())); ok {
			all = append(all, a)
		}
	}
	return all
}

// arrival is false for an ingest that has just come or gone, too.
func (f Files) arrival(dir string) (Arrival, bool) {
	name, _ := os.ReadFile(filepath.Join(dir, "ref"))
	_, ref, ok := parseRef(string(name), f.Namespace)
	if !ok {
		return Arrival{}, false
	}
	d, ok := namedDigest(ref)
	if !ok {
		return Arrival{}, false
	}
	a := Arrival{Digest: d, dir: dir}
	info, err := os.Stat(a.data())
	if err != nil {
		return Arrival{}, false
	}
	a.Offset, a.UpdatedAt = info.Size(), info.ModTime()
	return a, true
}

// namedDigest finds the digest that a ref of containerd's names, as in
// "layer-sha256:…" or "manifest-name@sha256:…" (core/remotes, MakeRefKey).
func namedDigest(ref string) (digest.Digest, bool) {
	i := strings.LastIndexAny(ref, "-@")
	d := digest.Digest(ref[i+1:])
	return d, i >= 0 && d.Validate() == nil
}

func (f Files) farthest(d digest.Digest, now time.Time) (best Arrival, err error) {
	if err := d.Validate(); err != nil {
		return best, err
	}
	for _, a := range f.Arrivals() {
		if a.Digest == d && (best.dir == "" || a.beats(best, now)) {
			best = a
		}
	}
	if best.dir == "" {
		return best, ErrNotFound
	}
	return best, nil
}

func (a Arrival) beats(b Arrival, now time.Time) bool {
	mine, theirs := now.Sub(a.UpdatedAt) < fresh, now.Sub(b.UpdatedAt) < fresh
	if mine != theirs {
		return mine
	}
	return a.Offset > b.Offset
}
