package admincmd

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

const (
	completionTime = 2 * time.Second // for which a shell waits
	maxOffered     = "200"
)

// completer asks the tracker for names that have this in them.
type completer func(ctx context.Context, c *client, begun string) ([]string, error)

// completion makes cobra's kind of one, by a client with the command's settings.
func completion(names completer, connect func() (*client, error)) cobra.CompletionFunc {
	if names == nil {
		return cobra.NoFileCompletions
	}
	return func(_ *cobra.Command, given []string, begun string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(context.Background(), completionTime) // there is no other here
		defer cancel()
		c, err := connect()
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		found, err := names(ctx, c, begun)
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return slices.DeleteFunc(found, func(name string) bool {
			return !strings.HasPrefix(name, begun) || slices.Contains(given, name)
		}), cobra.ShellCompDirectiveNoFileComp
	}
}

func nodeNames(ctx context.Context, c *client, begun string) (names []string, err error) {
	nodes, err := call[admin.Nodes](ctx, c, http.MethodGet, "/nodes", url.Values{"name": {begun}, "limit": {maxOffered}})
	for _, n := range nodes.Items {
		names = append(names, n.Name)
	}
	return names, err
}

func imageNames(ctx context.Context, c *client, begun string) (names []string, err error) {
	images, err := call[admin.Images](ctx, c, http.MethodGet, "/images", url.Values{"name": {begun}, "limit": {maxOffered}})
	for _, i := range images.Items {
		names = append(names, i.Name)
	}
	return names, err
}

// completeStates completes the values of --state.
func completeStates(cmd *cobra.Command, states ...string) {
	_ = cmd.RegisterFlagCompletionFunc("state", cobra.FixedCompletions(states, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
}
