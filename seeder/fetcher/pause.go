package fetcher

// next is what the next request to a parent is for.
func (b *body) next() want {
	w := b.want
	if b.stop > w.offset {
		w.end = min(w.end, b.stop)
	}
	return w
}

// done lets a parent go that has sent all that it was asked for.
func (b *body) done() {
	b.parent.peer.delivered()
	b.pause()
}

// pause lets the parent go for now: what comes next is not what it would send. It
// is the first to be asked for what comes after that, and not given up sooner than
// if it had sent everything in one go.
func (b *body) pause() {
	if b.parent == nil {
		return
	}
	b.parent.close()
	if !b.ended() {
		b.paused = b.parent.Node
		c := b.parent.candidate
		c.patience = b.silence()
		b.queue.putFirst(c)
	}
	b.parent = nil
}

// skip passes bytes that have come from somebody else.
func (b *body) skip(n int, from candidate) {
	b.pause()
	b.want.offset += int64(n)
	b.last = b.contributionOf(from)
	b.last.bytes += int64(n)
}
