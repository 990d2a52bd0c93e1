// Package process is what every Dray binary does around its work: read
// settings, set up the log, stop on signals.
package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

// Main runs the command until it is done or a SIGINT or SIGTERM ends its
// context, and returns the exit status: 1 for an error, or what its method
// ExitCode says. A second signal ends the process at
// once.
func Main(cmd *cobra.Command) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	cmd.SilenceUsage = true
	cmd.SilenceErrors = true
	if err := cmd.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", cmd.Name(), err)
		return exitCode(err)
	}
	return 0
}

// coded is an error that says what the process ends with.
type coded interface {
	error
	ExitCode() int
}

func exitCode(err error) int {
	if e, ok := errors.AsType[coded](err); ok {
		return e.ExitCode()
	}
	return 1
}

// Logger writes to w at the given level (debug, info, warn, error) in the given
// format (text, json).
func Logger(w io.Writer, level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: want debug, info, warn or error", level)
	}
	opts := &slog.HandlerOptions{Level: l}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, opts)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, opts)), nil
	}
	return nil, fmt.Errorf("log format %q: want text or json", format)
}
