package placer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
)

const (
	maxEnded      = 1000 // tasks of one paper
	rememberEvery = 2 * time.Second
)

// endedPapers are the papers with the tasks that are over, one for each shelf of
// nodes. What goes on is not written down: the nodes tell it.
type endedPapers struct {
	revs [journal.Shelves]int64
	sums [journal.Shelves]uint64
	at   time.Time
}

func newEndedPapers() endedPapers { return endedPapers{} }

// recall reads what the last one that acted has left, once in a term, and says
// whether that is done.
func (p *Placer) recall(ctx context.Context) bool {
	p.mu.Lock()
	done := p.recalled
	p.mu.Unlock()
	if done {
		return true
	}
	tasks, err := p.readEnded(ctx)
	if err == nil && p.Shared {
		err = p.parts.load(ctx, p.Desk)
	}
	if err != nil {
		p.reach(err)
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range tasks {
		if n := p.Roster.ByName(k.Name); n != nil && p.tasks[k.ID] == nil {
			k.Node = n.Ordinal()
			p.tasks[k.ID] = &known{Known: k}
		}
	}
	p.recalled = true
	return true
}

func (p *Placer) readEnded(ctx context.Context) (tasks []placement.Known, err error) {
	papers, _, err := p.Desk.Papers(ctx, journal.Ended)
	if err != nil {
		return nil, err
	}
	p.ended = newEndedPapers()
	for _, paper := range papers {
		var shelf int
		var some []placement.Known
		if _, err := fmt.Sscanf(paper.Name, "%02x", &shelf); err != nil || shelf < 0 || shelf >= journal.Shelves {
			continue
		}
		p.ended.revs[shelf], p.ended.sums[shelf] = paper.Rev, xxhash.Sum64(paper.Text)
		if json.Unmarshal(paper.Text, &some) == nil { // else it is written anew
			tasks = append(tasks, some...)
		}
	}
	return tasks, nil
}

// remember writes down which tasks are over, where that has changed.
func (p *Placer) remember(ctx context.Context) error {
	if !p.Shared || time.Since(p.ended.at) < rememberEvery {
		return nil
	}
	p.ended.at = time.Now()
	for shelf, some := range p.overByShelf() {
		text, err := json.Marshal(some)
		if err != nil {
			return err
		}
		sum := xxhash.Sum64(text)
		if sum == p.ended.sums[shelf] || (len(some) == 0 && p.ended.revs[shelf] == 0) {
			continue
		}
		paper := journal.Paper{Kind: journal.Ended, Name: fmt.Sprintf("%02x", shelf), Rev: p.ended.revs[shelf], Text: text}
		if err := paper.Check(); err != nil {
			continue // it is bounded so that it fits, but for very long names
		}
		rev, err := p.Desk.Put(ctx, paper)
		if errors.Is(err, journal.ErrConflict) { // by one that acted before, and was late
			_, err = p.readEnded(ctx)
			return err
		}
		if err != nil {
			return err
		}
		p.ended.revs[shelf], p.ended.sums[shelf] = rev, sum
	}
	return nil
}

func (p *Placer) overByShelf() (shelves [journal.Shelves][]placement.Known) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, k := range p.tasks {
		if k.Over() {
			brief := k.Known
			brief.State.Layers = nil
			at := journal.Shelf(k.Name)
			shelves[at] = append(shelves[at], brief)
		}
	}
	for i, some := range shelves {
		slices.SortFunc(some, func(a, b placement.Known) int {
			if c := b.Ended.Compare(a.Ended); c != 0 { // the latest are kept
				return c
			}
			return strings.Compare(a.ID, b.ID)
		})
		shelves[i] = some[:min(len(some), maxEnded)]
	}
	return shelves
}
