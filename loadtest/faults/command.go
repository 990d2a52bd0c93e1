package faults

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/figures"
	"github.com/drayproject/dray/loadtest/fleet"
	"github.com/drayproject/dray/loadtest/testbed"
)

// Options are what a run may be told.
type Options struct {
	Only     []string      `json:"only"` // scenes; empty: all
	Rounds   int           `json:"reps"` // of each scene
	Layer    int64         `json:"layer_bytes"`
	Rate     int64         `json:"rate_bits"`   // of the holders' links; 0: as fast as the kernel
	Nodes    int           `json:"nodes"`       // virtual ones, of which none may die
	Duration time.Duration `json:"duration_ns"` // for which they beat
}

func defaults() Options {
	return Options{Rounds: 20, Layer: 256 << 20, Rate: testbed.Gbit, Nodes: 2000, Duration: time.Minute}
}

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	o, output := defaults(), "table"
	cmd := &cobra.Command{
		Use:   "faults",
		Short: "Break holders on purpose, and measure what that costs (needs root)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, err := figures.Writer(output, writeTable)
			if err != nil {
				return err
			}
			r, err := Run(cmd.Context(), o, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			return write(cmd.OutOrStdout(), r)
		},
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&o.Only, "only", nil, "scenes to play: "+strings.Join(names(), ", "))
	flags.IntVar(&o.Rounds, "reps", o.Rounds, "how often each scene is played")
	flags.Int64Var(&o.Layer, "layer", o.Layer, "bytes of the large blob")
	flags.Int64Var(&o.Rate, "rate", o.Rate, "bits/s of the holders' links (0: as fast as the kernel)")
	flags.IntVar(&o.Nodes, "nodes", o.Nodes, "virtual nodes of "+falseDeaths)
	flags.DurationVar(&o.Duration, "duration", o.Duration, "length of "+falseDeaths)
	flags.StringVarP(&output, "output", "o", output, "table or json")
	return cmd
}

func (o *Options) check() error {
	for _, name := range o.Only {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("scene %q: want one of %s", name, strings.Join(names(), ", "))
		}
	}
	switch {
	case o.Rounds < 1:
		return fmt.Errorf("reps: want at least 1, not %d", o.Rounds)
	case o.Layer < 1<<20 || o.Rate < 0:
		return fmt.Errorf("layer: want at least 1 MiB; rate: at least 0")
	case o.Duration < time.Second:
		return fmt.Errorf("duration: want at least 1s, not %s", o.Duration)
	}
	return nil
}

func (o *Options) does(scene string) bool { return len(o.Only) == 0 || slices.Contains(o.Only, scene) }

// Run measures. What happens meanwhile goes to progress.
func Run(ctx context.Context, o Options, progress io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &Report{Machine: fleet.Machine(), Options: o, Setting: setting, Failures: []string{}}
	for _, sc := range scenes {
		if !o.does(sc.name) {
			continue
		}
		err := testbed.Run(ctx, progress, func(t testbed.T) { r.play(t, sc) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sc.name, err)
		}
	}
	if o.does(falseDeaths) {
		return r, r.watchLiving(ctx, progress)
	}
	return r, nil
}

// play plays one scene, round after round.
func (r *Report) play(t testbed.T, sc scene) {
	testbed.Require(t)
	r.scene = sc.name
	s := newSite(t, plan{trackers: 2, holders: 3, layer: r.Options.Layer, small: max(1, sc.small*r.Options.Rounds), rate: r.Options.Rate, asker: sc.asker})
	for i := range r.Options.Rounds {
		t.Logf("%s, round %d of %d", sc.name, i+1, r.Options.Rounds)
		sc.play(s, r)
	}
}
