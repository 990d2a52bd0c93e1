package admincmd

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
)

// view is what a command shows.
type view[T any] struct {
	use, short string
	args       cobra.PositionalArgs
	flags      func(*cobra.Command)
	complete   completer // of its arguments
	ask        func(context.Context, *client, []string) (T, error)
	draw       func(*screen, *T)
	// check may fail a command whose answer has been shown.
	check func(*T) error
}

// show makes the command.
func show[T any](v view[T]) *cobra.Command {
	var watch time.Duration
	cmd := leaf(v.use, v.short, v.args, v.complete, func(cmd *cobra.Command, s *session, args []string) error {
		return every(cmd.Context(), watch, s.screen, func() error { return v.once(cmd.Context(), s, args) })
	})
	cmd.Flags().DurationVarP(&watch, "watch", "w", 0, "show it again and again, so long apart")
	cmd.Flags().Lookup("watch").NoOptDefVal = "2s"
	if v.flags != nil {
		v.flags(cmd)
	}
	return cmd
}

func (v *view[T]) once(ctx context.Context, s *session, args []string) error {
	answer, err := v.ask(ctx, s.client, args)
	if err != nil {
		return err
	}
	err = s.write(answer, func() { v.draw(s.screen, &answer) })
	if err == nil && v.check != nil {
		err = v.check(&answer)
	}
	return err
}

// every does it once, or until it is interrupted. An error while watching is
// shown in the place of the answer: trackers restart.
func every(ctx context.Context, period time.Duration, s *screen, do func() error) error {
	if period <= 0 {
		return do()
	}
	for {
		s.clear()
		if err := do(); err != nil && ctx.Err() == nil {
			_, _ = fmt.Fprintln(s, err) // to the terminal
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(period):
		}
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func writeYAML(w io.Writer, v any) error {
	text, err := json.Marshal(v) // whose names and omissions count
	if err != nil {
		return err
	}
	if text, err = yaml.JSONToYAML(text); err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
