package admincmd

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/spf13/pflag"
)

const pageSize = 1000 // the most that one answer may have

// query collects a command's filters. Empty ones are not sent.
type query struct {
	one   map[string]*string
	many  map[string]*[]string
	limit int
}

func newQuery() *query { return &query{one: map[string]*string{}, many: map[string]*[]string{}} }

func (q *query) text(flags *pflag.FlagSet, name, usage string) {
	q.one[name] = flags.String(name, "", usage)
}

func (q *query) list(flags *pflag.FlagSet, name, usage string) {
	q.many[name] = flags.StringSlice(name, nil, usage)
}

func (q *query) most(flags *pflag.FlagSet) {
	flags.IntVarP(&q.limit, "limit", "n", 0, "show so many at most; 0 shows all")
}

func (q *query) values() url.Values {
	v := url.Values{}
	for name, value := range q.one {
		if *value != "" {
			v.Set(name, *value)
		}
	}
	for name, values := range q.many {
		v[name] = *values
	}
	return v
}

// pages asks for a list until it has all of it, or the limit. add puts a page's
// items to those before, and says how many there are and where it goes on.
func pages[T any](ctx context.Context, c *client, path string, q *query, add func(all *T, page T) (have int, next string)) (all T, err error) {
	values := q.values()
	for have := 0; ; {
		size := pageSize
		if q.limit > 0 {
			size = min(size, q.limit-have)
		}
		values.Set("limit", strconv.Itoa(size))
		page, err := call[T](ctx, c, http.MethodGet, path, values)
		if err != nil {
			return all, err
		}
		var next string
		if have, next = add(&all, page); next == "" || have == q.limit {
			return all, nil
		}
		values.Set("cursor", next)
	}
}
