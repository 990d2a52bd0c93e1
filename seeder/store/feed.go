package store

import "sync"

// feedWindow is what a feed keeps. containerd writes its ingests a megabyte at a
// time: what was handed to it longer ago than that is in the file.
const feedWindow = 1<<20 + 1<<18

// Feed is the latest of what this process hands to the writer of an ingest. Those
// who read the growing content need not wait until it is in the file: each node
// that bytes pass on their way would add the time of a megabyte.
//
// It keeps the beginning, and from then on only what follows the first Reader: a
// pull that nobody takes part in costs nothing more. It has one writer; a nil
// Feed takes nothing.
type Feed struct {
	mu     sync.Mutex
	window []byte // a ring: the byte at offset o is at o % len
	lo, hi int64  // what of the blob is in it
	wanted bool   // somebody reads
	closed bool
	notify func() // tells of more; nil before there is a growth
}

// NewFeed makes a feed for what is handed over from offset on, to the end of a
// blob of that size.
func NewFeed(offset, size int64) *Feed {
	return &Feed{window: make([]byte, max(0, min(size-offset, feedWindow))), lo: offset, hi: offset}
}

// Write takes what comes next. It copies, never blocks, and never fails.
func (f *Feed) Write(p []byte) {
	if f == nil || len(f.window) == 0 {
		return
	}
	f.mu.Lock()
	f.take(p)
	notify := f.notify
	f.mu.Unlock()
	if notify != nil {
		notify()
	}
}

func (f *Feed) take(p []byte) {
	end := f.hi + int64(len(p))
	size := int64(len(f.window))
	if !f.wanted && end-f.lo > size {
		f.lo, f.hi = end, end
		return
	}
	if over := int64(len(p)) - size; over > 0 {
		p = p[over:]
	}
	for at := end - int64(len(p)); len(p) > 0; {
		n := copy(f.window[at%size:], p)
		at, p = at+int64(n), p[n:]
	}
	f.lo, f.hi = max(f.lo, end-size), end
}

// Close says that no more comes. What is there can still be read.
func (f *Feed) Close() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// Closed says that no more comes.
func (f *Feed) Closed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed
}

// beyond is the end of what the feed adds to a file of that length, for a reader
// at an offset; there may be a gap between the two.
func (f *Feed) beyond(length, offset int64) int64 {
	if f == nil {
		return length
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lo > max(length, offset) {
		return length
	}
	return max(f.hi, length)
}

// read copies what there is at an offset; 0 when it is there no longer.
func (f *Feed) read(p []byte, offset int64) (n int) {
	if f == nil {
		return 0
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if offset < f.lo || offset >= f.hi {
		return 0
	}
	p = p[:min(int64(len(p)), f.hi-offset)]
	size := int64(len(f.window))
	for n < len(p) {
		n += copy(p[n:], f.window[(offset+int64(n))%size:])
	}
	return n
}

func (f *Feed) want() {
	if f == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.wanted = true
}

func (f *Feed) attach(notify func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.notify = notify
}
