package journaltest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/drayproject/dray/tracker/journal"
)

// Memory is a common memory within the process. It passes the suite.
type Memory struct {
	mu      sync.Mutex
	entries map[string]journal.Entry
	stamps  map[string]journal.Stamp
	orders  map[string]int64
	beats   map[string]int64
	forgot  map[string]bool // trackers whose sets can't be read
	desk    *journal.Local
	opened  int
	err     error
}

// NewMemory makes an empty one.
func NewMemory() *Memory {
	m := &Memory{}
	m.Flush()
	return m
}

// Flush loses everything.
func (m *Memory) Flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.entries, m.stamps = map[string]journal.Entry{}, map[string]journal.Stamp{}
	m.orders, m.beats, m.forgot = map[string]int64{}, map[string]int64{}, map[string]bool{}
	m.desk = journal.NewLocal()
}

// Break makes everything fail with that error until it is called with nil.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.err = err
}

// Journal opens the memory for one more tracker.
func (m *Memory) Journal() journal.Journal {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.opened++
	return &handle{m: m, id: fmt.Sprintf("%016x", m.opened)}
}

type handle struct {
	m  *Memory
	id string
}

// do runs f with the memory to itself, unless it is broken.
func (h *handle) do(ctx context.Context, f func(m *Memory) error) error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if h.m.err != nil || ctx.Err() != nil {
		return errors.Join(h.m.err, ctx.Err())
	}
	return f(h.m)
}

func (h *handle) ID() string { return h.id }

func (h *handle) Open(ctx context.Context) error {
	return h.do(ctx, func(*Memory) error { return nil })
}

func (h *handle) Close() error { return nil }

func (h *handle) Load(ctx context.Context) iter.Seq2[journal.Entry, error] {
	return func(yield func(journal.Entry, error) bool) {
		var all []journal.Entry
		err := h.do(ctx, func(m *Memory) error {
			all = slices.Collect(maps.Values(m.entries))
			for i, e := range all {
				s := m.stamps[e.Node.Name]
				all[i].Heard = s.Heard
				if m.forgot[s.Writer] {
					all[i].Set = nil
				}
			}
			return nil
		})
		if err != nil {
			yield(journal.Entry{}, err)
			return
		}
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func (h *handle) Stamps(ctx context.Context, shelf int) (some []journal.Stamp, err error) {
	err = h.do(ctx, func(m *Memory) error {
		for name, s := range m.stamps {
			if journal.Shelf(name) == shelf {
				some = append(some, s)
			}
		}
		return nil
	})
	return some, err
}

func (h *handle) Write(ctx context.Context, entries []journal.Entry) error {
	return h.do(ctx, func(m *Memory) error {
		delete(m.forgot, h.id)
		for _, e := range entries {
			set := *e.Set
			set.Digests, set.Images = slices.Clone(set.Digests), slices.Clone(set.Images)
			e.Set = &set
			e.History = slices.Clone(e.History[max(0, len(e.History)-journal.MaxHistory):])
			m.entries[e.Node.Name] = e
			m.stamps[e.Node.Name] = journal.Stamp{Node: e.Node.Name, Epoch: e.Node.Epoch, Hash: set.Hash(), Heard: e.Heard, Writer: h.id}
		}
		return nil
	})
}

func (h *handle) Touch(ctx context.Context, stamps []journal.Stamp) error {
	return h.do(ctx, func(m *Memory) error {
		for _, s := range stamps {
			m.stamps[s.Node] = s
		}
		return nil
	})
}

func (h *handle) Remove(ctx context.Context, nodes []string) error {
	return h.do(ctx, func(m *Memory) error {
		for _, name := range nodes {
			delete(m.entries, name)
			delete(m.stamps, name)
			delete(m.orders, name)
		}
		return nil
	})
}

func (h *handle) Orders(ctx context.Context) (orders map[string]int64, err error) {
	err = h.do(ctx, func(m *Memory) error {
		orders = maps.Clone(m.orders)
		return nil
	})
	return orders, err
}

func (h *handle) Order(ctx context.Context, orders map[string]int64) error {
	return h.do(ctx, func(m *Memory) error {
		maps.Copy(m.orders, orders)
		return nil
	})
}

func (h *handle) Attend(ctx context.Context, beat int64) (beats map[string]int64, err error) {
	err = h.do(ctx, func(m *Memory) error {
		m.beats[h.id] = beat
		beats = maps.Clone(m.beats)
		return nil
	})
	return beats, err
}

func (h *handle) Forget(ctx context.Context, id string) error {
	return h.do(ctx, func(m *Memory) error {
		delete(m.beats, id)
		m.forgot[id] = true
		return nil
	})
}
