package admin

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/roster"
)

const (
	maxNames = 10 // image names that are shown of a digest in a list
)

// CopiesQuery says how many copies are too few.
type CopiesQuery struct {
	Copies int `query:"copies" minimum:"1" maximum:"1000" default:"2" doc:"Fewer live holders than this are too few"`
	Paging
}

func (a *Admin) atRisk(ctx context.Context, q *CopiesQuery) (Risks, error) {
	return a.risks(ctx, "at-risk", q, nil)
}

// risks lists the digests that have too few live holders, or will have when
// these nodes have died; those that have too few anyway are then left out.
func (a *Admin) risks(ctx context.Context, list string, q *CopiesQuery, dying map[uint32]bool) (Risks, error) {
	after, err := q.afterRisk(list)
	if err != nil {
		return Risks{}, err
	}
	found, lost, err := a.search(ctx, q, after, dying)
	if err != nil {
		return Risks{}, err
	}
	page, more := found.page()
	r := Risks{Page: Page{Total: found.total}, Lost: lost}
	if more {
		r.Next = cursorTo(list, page[len(page)-1].key())
	}
	r.Items, err = a.showRisks(ctx, page)
	return r, err
}

func (a *Admin) showRisks(ctx context.Context, page []risky) ([]Risk, error) {
	items, digests := make([]Risk, len(page)), make([]digest.Digest, len(page))
	for i, one := range page {
		digests[i] = one.name.Digest()
	}
	named, err := a.named(ctx, maxNames, digests...)
	for i, d := range digests {
		items[i] = Risk{Digest: d, Live: page[i].live, Images: orEmpty(named[d])}
	}
	return items, err
}

// search looks at every digest. Most have enough live holders among the first,
// and then the next is looked at.
func (a *Admin) search(ctx context.Context, q *CopiesQuery, after risky, dying map[uint32]bool) (found *selection[risky], lost int, err error) {
	s, err := a.scan(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer s.end()
	now := a.nodesThat(live)
	left := now
	if dying != nil {
		left = a.nodesThat(func(n *roster.Node) bool { return live(n) && !dying[n.Ordinal()] })
	}
	found = &selection[risky]{limit: q.Limit, order: fewestFirst}
	for c := range a.Index.Census(q.Copies, now, left) {
		if err := s.step(ctx); err != nil {
			return nil, 0, err
		}
		if c.Left >= q.Copies || dying != nil && c.Left == c.Now {
			continue
		}
		if c.Left == 0 {
			lost++
		}
		one := risky{c.Left, c.Name}
		found.add(one, fewestFirst(one, after) > 0)
	}
	return found, lost, nil
}

// risky is a digest with too few live holders.
type risky struct {
	live int
	name index.Name
}

func fewestFirst(a, b risky) int {
	if a.live != b.live {
		return cmp.Compare(a.live, b.live)
	}
	return a.name.Compare(b.name)
}

// key is what a cursor holds.
func (r risky) key() string { return strconv.Itoa(r.live) + " " + string(r.name.Digest()) }

// afterRisk is what the cursor stands for; less than all on the first page.
func (q *CopiesQuery) afterRisk(list string) (after risky, err error) {
	key, err := q.after(list)
	if key == "" || err != nil {
		return risky{live: -1}, err
	}
	live, d, spaced := strings.Cut(key, " ")
	if after.live, err = strconv.Atoi(live); err != nil || !spaced {
		return risky{}, q.foreign()
	}
	after.name = index.NameOf(digest.Digest(d))
	return after, nil
}
