package admincmd

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/admin"
)

var beginning = regexp.MustCompile(`^[a-z0-9+._-]+:[0-9a-f]{1,128}$`)

// whole is the digest that begins so: tables show no more of one. What is whole
// already need not be known to the tracker, and is not asked for.
func whole(ctx context.Context, c *client, begin string) (string, error) {
	if !strings.Contains(begin, ":") {
		begin = "sha256:" + begin
	}
	if digest.Digest(begin).Validate() == nil {
		return begin, nil
	}
	if !beginning.MatchString(begin) {
		return "", Failure{Usage, fmt.Errorf("%q: want a digest, or the beginning of one, as in sha256:4f5a", begin)}
	}
	all, err := call[admin.Digests](ctx, c, http.MethodGet, "/digests", url.Values{"begin": {begin}, "limit": {"2"}})
	switch {
	case err != nil:
		return "", err
	case all.Total == 0:
		return "", Failure{Unknown, fmt.Errorf("nobody has a digest that begins with %q", begin)}
	case all.Total > 1:
		return "", Failure{Usage, fmt.Errorf("%d digests begin with %q", all.Total, begin)}
	}
	return string(all.Items[0].Digest), nil
}

// ofDigest asks for what the first argument names.
func ofDigest[T any](after string) func(context.Context, *client, []string) (T, error) {
	return func(ctx context.Context, c *client, args []string) (T, error) {
		d, err := whole(ctx, c, args[0])
		if err != nil {
			return *new(T), err
		}
		return call[T](ctx, c, http.MethodGet, "/digests/"+segment(d)+after, nil)
	}
}

// digests completes one. A tracker whose digests are many is not asked for all.
func digests(ctx context.Context, c *client, begun string) (found []string, err error) {
	all, err := call[admin.Digests](ctx, c, http.MethodGet, "/digests", url.Values{"begin": {begun}, "limit": {maxOffered}})
	for _, d := range all.Items {
		found = append(found, string(d.Digest))
	}
	return found, err
}
