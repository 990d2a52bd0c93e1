package scribe

import (
	"slices"
	"sync"
	"time"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/roster"
)

// History has the latest verdicts on each node. It is safe for concurrent use.
type History struct {
	mu     sync.Mutex
	byNode map[string][]journal.Verdict
}

// NewHistory makes an empty History.
func NewHistory() *History { return &History{byNode: map[string][]journal.Verdict{}} }

// Observe implements [roster.Observer]. A nil History takes no notice.
func (h *History) Observe(v roster.Verdict) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if v.To == roster.Purged {
		delete(h.byNode, v.Node)
		return
	}
	now := journal.Verdict{At: time.Now().Truncate(time.Second).UTC(), State: v.To.String(), Reason: string(v.Reason)}
	h.byNode[v.Node] = latest(append(h.byNode[v.Node], now))
}

// before puts verdicts that are remembered in front of those of today.
func (h *History) before(node string, remembered []journal.Verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	today := h.byNode[node]
	remembered = slices.DeleteFunc(slices.Clone(remembered), func(v journal.Verdict) bool { return slices.Contains(today, v) })
	h.byNode[node] = latest(append(remembered, today...))
}

func (h *History) of(node string) []journal.Verdict {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.byNode[node])
}

func latest(all []journal.Verdict) []journal.Verdict {
	return slices.Delete(all, 0, max(0, len(all)-journal.MaxHistory))
}
