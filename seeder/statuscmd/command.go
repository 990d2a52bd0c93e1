// Package statuscmd is "seeder status": it shows what the running seeder of this
// node is getting, what it has got lately, and from whom.
package statuscmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/seeder/status"
)

// clear is for a terminal that shows the same thing again.
const clear = "\x1b[H\x1b[2J"

type options struct {
	mirror, output string
	recent         int
	watch          time.Duration
}

// Command makes the command, to be added to the seeder's.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:     "status",
		Short:   "Show what the running seeder is getting, what it has got lately, and from whom",
		Example: "  seeder status\n  seeder status --watch\n  seeder status -o json --recent 100",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return o.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&o.mirror, "mirror", "127.0.0.1:5001", "address of the running seeder's mirror")
	flags.StringVarP(&o.output, "output", "o", "text", "text or json")
	flags.IntVar(&o.recent, "recent", 20, "how many of the latest transfers are shown")
	flags.DurationVarP(&o.watch, "watch", "w", 0, "show it again and again, with so much time between")
	flags.Lookup("watch").NoOptDefVal = "1s"
	return cmd
}

func (o *options) run(cmd *cobra.Command) error {
	if o.output != "text" && o.output != "json" {
		return fmt.Errorf("output %q: want text or json", o.output)
	}
	if o.watch < 0 {
		return errors.New("watch must be positive")
	}
	for {
		if err := o.show(cmd); err != nil || o.watch == 0 {
			return err
		}
		select {
		case <-cmd.Context().Done():
			return nil
		case <-time.After(o.watch):
		}
	}
}

// show shows it once. While it watches, a seeder that restarts is waited for.
func (o *options) show(cmd *cobra.Command) error {
	s, err := status.Ask(cmd.Context(), o.mirror, o.recent)
	out := cmd.OutOrStdout()
	switch {
	case err != nil && o.watch == 0:
		return err
	case err != nil:
		_, err = fmt.Fprintln(cmd.ErrOrStderr(), err)
		return err
	case o.output == "json":
		return json.NewEncoder(out).Encode(s)
	case o.watch > 0:
		_, _ = io.WriteString(out, clear)
	}
	return draw(out, s)
}
