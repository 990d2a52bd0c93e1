package fetcher

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/chain"
)

// Config tunes a Fetcher. Zero values stand for the defaults.
type Config struct {
	// LookupTimeout bounds the wait for a handout. Default 60 ms: a little
	// more than the Lookuper's own deadline.
	LookupTimeout time.Duration
	// OriginWait is how long a fetch may wait, while nobody can send the first
	// byte, for another node that is getting it from the origin, or for a
	// place with one who is busy. 0: not at all.
	OriginWait time.Duration
	// From hears which node a blob comes from, at its first bytes and at every
	// change. It must not block. Default: nobody hears it.
	From func(d digest.Digest, node string)
	// Chained hears of the chain of each blob that came whole and has met its
	// digest, unless that was small. It must not block. Default: nobody hears it.
	Chained func(*chain.Chain)
	// Via says what a request to a node goes through on its way to base, the
	// transport of that node. Default: nothing.
	Via func(node string, base http.RoundTripper) http.RoundTripper
	// Unhurried tells whether nobody waits for what is fetched with this context;
	// that may change while it is. Default: somebody always does.
	Unhurried func(context.Context) bool
	// FirstByteTimeout bounds the wait for the first bytes, over all peers
	// that are tried; it is shorter where all of them failed the last time.
	// Default 500 ms.
	FirstByteTimeout time.Duration
	// DialTimeout is the time after which a connection attempt is repeated;
	// the third that gets no answer is the last. Default 200 ms.
	DialTimeout time.Duration
	// SilentAfter is how long a peer that was asked for first bytes must
	// have been silent before it is accused of it. It is more than any hedge
	// delay: losing a race is no fault. Default 300 ms.
	SilentAfter time.Duration
	// MinStall is the shortest silence in the middle of a body that makes the
	// fetcher look for another parent; it is longer where gaps are usual.
	// Default 30 ms.
	MinStall time.Duration
	// StallLimit is how long a parent that fell silent in a body is kept
	// when nobody else can send the rest, with the search for another.
	// Default 2 s.
	StallLimit time.Duration
	// PartialStallLimit is the same for a parent that has only the beginning of
	// the blob: others may be allowed to go to the origin by then, so the body
	// ends, and its reader asks again. Default 500 ms.
	PartialStallLimit time.Duration
	// SmallBlob is the size in bytes up to which a blob is fetched and verified
	// whole before its first byte is handed on, if the node that sends it has
	// all of it. Default 1 MiB.
	SmallBlob int64
	// SmallTimeout bounds the fetch of small blobs and manifests after their
	// first byte. Default 2 s.
	SmallTimeout time.Duration
	// ChainWait is how long the bytes of one blob may be kept back, all in all, for
	// want of the link that would prove them. Default 30 ms.
	ChainWait time.Duration
	// SlowPiece is how long a piece may usually take to come, for its bytes to be
	// kept back until they are proved. On slower links those who read this node's
	// growing content would take the pauses for standstills. Default 100 ms.
	SlowPiece time.Duration
	// Sources is from how many peers a blob may come at a time. 1: one, and
	// the next only when it fails. Default 4.
	Sources int
	// Window bounds what is kept of a blob, ahead of its reader, in bytes.
	// Default 32 MiB.
	Window int64
	// Memory bounds the same for all blobs together. Default 64 MiB.
	Memory int64
}

func (c Config) withDefaults() Config {
	if c.From == nil {
		c.From = func(digest.Digest, string) {}
	}
	if c.Chained == nil {
		c.Chained = func(*chain.Chain) {}
	}
	if c.Via == nil {
		c.Via = func(_ string, base http.RoundTripper) http.RoundTripper { return base }
	}
	if c.Unhurried == nil {
		c.Unhurried = func(context.Context) bool { return false }
	}
	c.LookupTimeout = cmp.Or(c.LookupTimeout, 60*time.Millisecond)
	c.FirstByteTimeout = cmp.Or(c.FirstByteTimeout, 500*time.Millisecond)
	c.DialTimeout = cmp.Or(c.DialTimeout, 200*time.Millisecond)
	c.SilentAfter = cmp.Or(c.SilentAfter, 300*time.Millisecond)
	c.MinStall = cmp.Or(c.MinStall, 30*time.Millisecond)
	c.StallLimit = cmp.Or(c.StallLimit, 2*time.Second)
	c.PartialStallLimit = cmp.Or(c.PartialStallLimit, 500*time.Millisecond)
	c.SmallBlob = cmp.Or(c.SmallBlob, 1<<20)
	c.SmallTimeout = cmp.Or(c.SmallTimeout, 2*time.Second)
	c.ChainWait = cmp.Or(c.ChainWait, 30*time.Millisecond)
	c.SlowPiece = cmp.Or(c.SlowPiece, 100*time.Millisecond)
	c.Sources = cmp.Or(c.Sources, 4)
	c.Window = cmp.Or(c.Window, 32<<20)
	c.Memory = cmp.Or(c.Memory, 64<<20)
	return c
}
