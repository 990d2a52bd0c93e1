// Package unpincmd is "seeder unpin": it gives all that was pinned for policies
// and jobs back to garbage collection, when no seeder will do that any more.
package unpincmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/store/containerd"
	"github.com/drayproject/dray/shared/process"
)

// Store is a node's images. Unpin deletes nothing.
type Store interface {
	Pins(context.Context) ([]store.Pin, error)
	Unpin(ctx context.Context, image string) error
}

type config struct {
	Address    string        `mapstructure:"containerd-address" usage:"containerd's socket"`
	Namespace  string        `mapstructure:"containerd-namespace" usage:"containerd's namespace with the images"`
	Timeout    time.Duration `mapstructure:"timeout" usage:"longest time for it"`
	BestEffort bool          `mapstructure:"best-effort" usage:"exit with 0 whatever fails"`
}

// Command makes "seeder unpin".
func Command() *cobra.Command {
	cfg := config{Address: containerd.DefaultAddress, Namespace: containerd.DefaultNamespace, Timeout: 30 * time.Second}
	cmd := &cobra.Command{
		Use:   "unpin",
		Short: "give what was pinned for policies and jobs back to garbage collection",
		Long: `Give what was pinned for policies and jobs back to garbage collection. It is for a
node that no seeder runs on any more: one that runs pins again what is wanted. No
image is deleted, and one that somebody else has pinned stays pinned.`,
		Args: cobra.NoArgs,
	}
	settings := process.Bind(cmd, &cfg)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.Read(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), cfg.Timeout)
		defer cancel()
		err := cfg.unpin(ctx, cmd.OutOrStdout())
		if err != nil && cfg.BestEffort {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "left as it is: %v\n", err)
			return nil
		}
		return err
	}
	return cmd
}

func (c config) unpin(ctx context.Context, out io.Writer) error {
	s, err := containerd.New(containerd.Config{Address: c.Address, Namespace: c.Namespace}, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	return All(ctx, s, out)
}

// All unpins every image, and says so of each. One that can't be is no reason to
// leave the others.
func All(ctx context.Context, s Store, out io.Writer) error {
	pins, err := s.Pins(ctx)
	if err != nil {
		return err
	}
	var failed []error
	for _, p := range pins {
		if err := s.Unpin(ctx, p.Image); err != nil {
			failed = append(failed, err)
			continue
		}
		_, _ = fmt.Fprintf(out, "unpinned %s\n", p.Image)
	}
	return errors.Join(failed...)
}
