package admin

import (
	"encoding/base64"
	"iter"
	"slices"
	"strings"
)

// Paging is what a list is asked with. Parameters that several operations share
// are in exported types: package huma looks into no others.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many to show"`
	Cursor string `query:"cursor" maxLength:"2048" doc:"The next of the page before"`
}

// cursorTo is where a list goes on: after the item with this key. It holds the
// list's name, so that a cursor of another list is refused.
func cursorTo(list, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + "\n" + key))
}

// after is the key that the cursor stands for; empty for the first page.
func (p *Paging) after(list string) (key string, err error) {
	if p.Cursor == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(p.Cursor)
	of, key, ok := strings.Cut(string(text), "\n")
	if err != nil || !ok || of != list || key == "" {
		return "", p.foreign()
	}
	return key, nil
}

// foreign refuses the cursor.
func (p *Paging) foreign() error { return wrong("query.cursor", "not a cursor of this list", p.Cursor) }

// keyed is an item with what it is ordered by, which is never empty.
type keyed[T any] struct {
	key  string
	item T
}

// cut cuts a page out of a list that is ordered by its items' keys.
func cut[T any](p *Paging, list string, all iter.Seq[keyed[T]]) ([]keyed[T], Page, error) {
	after, err := p.after(list)
	if err != nil {
		return nil, Page{}, err
	}
	s := &selection[keyed[T]]{limit: p.Limit, order: func(a, b keyed[T]) int { return strings.Compare(a.key, b.key) }}
	for k := range all {
		s.add(k, k.key > after)
	}
	page, more := s.page()
	frame := Page{Total: s.total}
	if more {
		frame.Next = cursorTo(list, page[len(page)-1].key)
	}
	return page, frame, nil
}

// selection keeps the first items of a list that passes by in no order. Of the
// others it keeps none for long, so that a page of a long list costs little.
type selection[T any] struct {
	limit int
	order func(a, b T) int
	total int
	kept  []T
	bound bool // the limit-th of those kept is where the page ends at the latest
}

// add counts an item, and keeps it, if it is behind the page before.
func (s *selection[T]) add(item T, behind bool) {
	s.total++
	if !behind || s.bound && s.order(item, s.kept[s.limit]) >= 0 {
		return
	}
	if s.kept = append(s.kept, item); len(s.kept) > 2*s.limit+1 {
		s.settle()
	}
}

// settle leaves the page, and the first item behind it.
func (s *selection[T]) settle() {
	slices.SortFunc(s.kept, s.order)
	if len(s.kept) > s.limit {
		s.kept, s.bound = s.kept[:s.limit+1], true
	}
}

// page is in order. More says that there is another behind it.
func (s *selection[T]) page() (page []T, more bool) {
	s.settle()
	return s.kept[:min(len(s.kept), s.limit)], len(s.kept) > s.limit
}

// shown makes the page's items out of what was cut.
func shown[T, U any](page []keyed[T], show func(T) U) []U {
	items := make([]U, len(page))
	for i, k := range page {
		items[i] = show(k.item)
	}
	return items
}
