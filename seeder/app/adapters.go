package app

import (
	"context"
	"net/http"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/seeder/registry"
	"github.com/drayproject/dray/seeder/status"
)

// neighbours is the fetcher as the mirror wants it.
type neighbours struct{ *fetcher.Fetcher }

func (n neighbours) Fetch(ctx context.Context, r fetcher.Request) (registry.Stream, error) {
	s, err := n.Fetcher.Fetch(ctx, r)
	if err != nil {
		return nil, err // a nil *Stream in the interface would not be nil
	}
	return s, nil
}

// local is all that the mirror's listener serves. It is no ServeMux: that would
// redirect paths which are not clean, and the mirror must answer them itself.
func local(mirror, pull, state http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case puller.Path:
			pull.ServeHTTP(w, r)
		case status.Path:
			state.ServeHTTP(w, r)
		default:
			mirror.ServeHTTP(w, r)
		}
	})
}
