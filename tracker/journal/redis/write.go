package redis

import (
	"context"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/drayproject/dray/tracker/journal"
)

// Write implements [journal.Writer]. A set goes before its stamp: whoever stops
// in between leaves an entry that looks as if it had to be written.
func (r *Redis) Write(ctx context.Context, entries []journal.Entry) error {
	shelves := map[int]*rows{}
	for i := range entries {
		if err := r.prepare(&entries[i], shelves); err != nil {
			return err
		}
	}
	if err := r.saveBook(ctx); err != nil {
		return err
	}
	return r.pipe(ctx, func(p goredis.Pipeliner) {
		for shelf, rows := range shelves {
			p.HSet(ctx, r.nodesKey(shelf), rows.nodes...)
			p.HSet(ctx, r.setsKey(shelf), rows.sets...)
			p.HSet(ctx, r.stampsKey(shelf), rows.stamps...)
		}
	})
}

// rows are fields and values for the three hashes of a shelf.
type rows struct{ nodes, sets, stamps []any }

func (r *Redis) prepare(e *journal.Entry, shelves map[int]*rows) error {
	node, err := encodeNode(e)
	if err != nil {
		return err
	}
	name := e.Node.Name
	stamp, err := encodeStamp(journal.Stamp{Epoch: e.Node.Epoch, Hash: e.Set.Hash(), Heard: e.Heard, Writer: r.ID()})
	if err != nil {
		return err
	}
	shelf := journal.Shelf(name)
	if shelves[shelf] == nil {
		shelves[shelf] = &rows{}
	}
	s := shelves[shelf]
	s.nodes = append(s.nodes, name, node)
	s.sets = append(s.sets, name, encodeSet(e.Set, r.id, &r.book))
	s.stamps = append(s.stamps, name, stamp)
	return nil
}

// saveBook brings the book in Redis up to what is in memory. How long the one
// in Redis is shows whether something of it was lost; then all is written
// again.
func (r *Redis) saveBook(ctx context.Context) error {
	var digests, words *goredis.IntCmd
	err := r.pipe(ctx, func(p goredis.Pipeliner) {
		digests = p.StrLen(ctx, r.digestsKey(r.ID()))
		words = p.HLen(ctx, r.wordsKey(r.ID()))
	})
	if err != nil {
		return err
	}
	r.book.digests.found(digests.Val() / slot)
	r.book.words.found(words.Val())
	for !r.book.complete() {
		if err := r.savePage(ctx); err != nil {
			return err
		}
	}
	return nil
}

const pageWords = 1000

func (r *Redis) savePage(ctx context.Context) error {
	firstDigest, digests := r.book.digests.unwritten(pageSlots)
	firstWord, words := r.book.words.unwritten(pageWords)
	fields := make([]any, 0, 2*len(words))
	for i, w := range words {
		fields = append(fields, strconv.Itoa(firstWord+i), w)
	}
	err := r.pipe(ctx, func(p goredis.Pipeliner) {
		if len(digests) > 0 {
			p.SetRange(ctx, r.digestsKey(r.ID()), int64(firstDigest*slot), page(digests))
		}
		if len(fields) > 0 {
			p.HSet(ctx, r.wordsKey(r.ID()), fields...)
		}
	})
	if err == nil {
		r.book.digests.written += len(digests)
		r.book.words.written += len(words)
	}
	return err
}

// Touch implements [journal.Writer].
func (r *Redis) Touch(ctx context.Context, stamps []journal.Stamp) error {
	shelves := map[int][]any{}
	for _, s := range stamps {
		text, err := encodeStamp(s)
		if err != nil {
			return err
		}
		shelf := journal.Shelf(s.Node)
		shelves[shelf] = append(shelves[shelf], s.Node, text)
	}
	return r.pipe(ctx, func(p goredis.Pipeliner) {
		for shelf, fields := range shelves {
			p.HSet(ctx, r.stampsKey(shelf), fields...)
		}
	})
}

// Remove implements [journal.Writer].
func (r *Redis) Remove(ctx context.Context, nodes []string) error {
	return r.pipe(ctx, func(p goredis.Pipeliner) {
		for _, name := range nodes {
			shelf := journal.Shelf(name)
			p.HDel(ctx, r.nodesKey(shelf), name)
			p.HDel(ctx, r.setsKey(shelf), name)
			p.HDel(ctx, r.stampsKey(shelf), name)
			p.HDel(ctx, r.ordersKey(), name)
		}
	})
}

// Attend implements [journal.Attendance]. The version and the book are looked
// after with every beat, since they may have been lost, too.
func (r *Redis) Attend(ctx context.Context, beat int64) (map[string]int64, error) {
	if err := r.saveBook(ctx); err != nil {
		return nil, err
	}
	var all *goredis.MapStringStringCmd
	err := r.pipe(ctx, func(p goredis.Pipeliner) {
		p.SetNX(ctx, r.versionKey(), schema, 0)
		p.HSet(ctx, r.trackersKey(), r.ID(), beat)
		all = p.HGetAll(ctx, r.trackersKey())
	})
	if err != nil {
		return nil, err
	}
	beats := map[string]int64{}
	for id, text := range all.Val() {
		beats[id], _ = strconv.ParseInt(text, 10, 64)
	}
	return beats, nil
}

// Forget implements [journal.Attendance].
func (r *Redis) Forget(ctx context.Context, id string) error {
	return r.pipe(ctx, func(p goredis.Pipeliner) {
		p.HDel(ctx, r.trackersKey(), id)
		p.Unlink(ctx, r.digestsKey(id))
		p.Unlink(ctx, r.wordsKey(id))
	})
}
