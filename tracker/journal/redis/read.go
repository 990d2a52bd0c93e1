package redis

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strconv"

	goredis "github.com/redis/go-redis/v9"

	"github.com/drayproject/dray/tracker/journal"
)

// Load implements [journal.Reader].
func (r *Redis) Load(ctx context.Context) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		books := library{redis: r, books: map[uint64]*foreignBook{}}
		for shelf := range journal.Shelves {
			entries, err := r.loadShelf(ctx, shelf, &books)
			if err != nil {
				yield(journal.Entry{}, err)
				return
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// loadShelf joins what the three hashes of a shelf say of each node.
func (r *Redis) loadShelf(ctx context.Context, shelf int, books *library) ([]journal.Entry, error) {
	nodes := map[string]*journal.Entry{}
	err := r.scan(ctx, r.nodesKey(shelf), func(name, text string) {
		if e, err := decodeNode(name, text); err == nil {
			nodes[name] = &e
		}
	})
	if err != nil {
		return nil, err
	}
	err = r.scan(ctx, r.stampsKey(shelf), func(name, text string) {
		if s, ok := decodeStamp(name, text); ok && nodes[name] != nil {
			nodes[name].Heard = s.Heard
		}
	})
	if err != nil {
		return nil, err
	}
	sets := map[string]string{}
	if err := r.scan(ctx, r.setsKey(shelf), func(name, text string) { sets[name] = text }); err != nil {
		return nil, err
	}
	return books.fill(ctx, nodes, sets)
}

// Stamps implements [journal.Reader].
func (r *Redis) Stamps(ctx context.Context, shelf int) ([]journal.Stamp, error) {
	byNode := map[string]journal.Stamp{}
	err := r.scan(ctx, r.stampsKey(shelf), func(name, text string) {
		s, _ := decodeStamp(name, text) // a broken one agrees with nothing
		s.Node = name
		byNode[name] = s
	})
	if err != nil {
		return nil, err
	}
	if err := r.distrust(ctx, shelf, byNode); err != nil {
		return nil, err
	}
	return slices.Collect(maps.Values(byNode)), nil
}

// distrust empties the stamps of entries of which something is missing. They
// are written and lost together, unless somebody deletes keys, or the server
// is set to evict them.
func (r *Redis) distrust(ctx context.Context, shelf int, byNode map[string]journal.Stamp) error {
	keys := []string{r.nodesKey(shelf), r.setsKey(shelf)}
	sizes := make([]*goredis.IntCmd, len(keys))
	err := r.pipe(ctx, func(p goredis.Pipeliner) {
		for i, key := range keys {
			sizes[i] = p.HLen(ctx, key)
		}
	})
	for i, key := range keys {
		if err != nil || int(sizes[i].Val()) == len(byNode) {
			continue
		}
		there := map[string]bool{}
		err = r.scan(ctx, key, func(name, _ string) { there[name] = true })
		for name := range byNode {
			if !there[name] {
				byNode[name] = journal.Stamp{Node: name}
			}
		}
		for name := range there {
			if _, stamped := byNode[name]; !stamped {
				byNode[name] = journal.Stamp{Node: name}
			}
		}
	}
	return err
}

// library has the books that sets were written with.
type library struct {
	redis *Redis
	books map[uint64]*foreignBook
	fresh map[uint64]bool // those that were read for this shelf
}

// fill makes entries whole.
func (l *library) fill(ctx context.Context, nodes map[string]*journal.Entry, sets map[string]string) ([]journal.Entry, error) {
	l.fresh = map[uint64]bool{}
	entries := make([]journal.Entry, 0, len(nodes))
	for name, e := range nodes {
		set, err := l.read(ctx, []byte(sets[name]))
		if err != nil {
			return nil, err
		}
		e.Set = set
		entries = append(entries, *e)
	}
	return entries, nil
}

// read makes out a set. One that can't be is nil; an error is the server's.
func (l *library) read(ctx context.Context, text []byte) (*journal.Set, error) {
	id, err := setBook(text)
	if err != nil {
		return nil, nil
	}
	for {
		if b := l.books[id]; b != nil {
			set, err := decodeSet(text, b)
			if err == nil {
				return set, nil
			}
			if !errors.Is(err, errSetBook) || l.fresh[id] {
				return nil, nil
			}
		}
		if l.books[id], err = l.redis.readBook(ctx, id); err != nil {
			return nil, err
		}
		l.fresh[id] = true
	}
}

const pageSlots = 1 << 13 // 256 KiB

func (r *Redis) readBook(ctx context.Context, id uint64) (*foreignBook, error) {
	b := &foreignBook{words: map[uint64]string{}}
	for start := int64(0); ; start += pageSlots * slot {
		var text *goredis.StringCmd
		err := r.pipe(ctx, func(p goredis.Pipeliner) {
			text = p.GetRange(ctx, r.digestsKey(formatID(id)), start, start+pageSlots*slot-1)
		})
		if err != nil {
			return nil, err
		}
		b.addPage(text.Val())
		if len(text.Val()) < pageSlots*slot {
			break
		}
	}
	err := r.scan(ctx, r.wordsKey(formatID(id)), func(number, word string) {
		if n, err := strconv.ParseUint(number, 10, 64); err == nil {
			b.words[n] = word
		}
	})
	return b, err
}
