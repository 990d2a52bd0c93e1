package admin

import (
	"encoding/base64"
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
		return "", wrong("query.cursor", "not a cursor of this list", p.Cursor)
	}
	return key, nil
}

// keyed is an item with what it is ordered by, which is never empty.
type keyed[T any] struct {
	key  string
	item T
}

// cut orders the items of a list by their keys and cuts the page out.
func cut[T any](p *Paging, list string, all []keyed[T]) ([]keyed[T], Page, error) {
	after, err := p.after(list)
	if err != nil {
		return nil, Page{}, err
	}
	frame := Page{Total: len(all)}
	all = slices.DeleteFunc(all, func(k keyed[T]) bool { return k.key <= after })
	slices.SortFunc(all, func(a, b keyed[T]) int { return strings.Compare(a.key, b.key) })
	if len(all) > p.Limit {
		all = all[:p.Limit]
		frame.Next = cursorTo(list, all[p.Limit-1].key)
	}
	return all, frame, nil
}

// shown makes the page's items out of what was cut.
func shown[T, U any](page []keyed[T], show func(T) U) []U {
	items := make([]U, len(page))
	for i, k := range page {
		items[i] = show(k.item)
	}
	return items
}
