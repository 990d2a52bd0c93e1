// Package bench is "loadtest bench": it measures what docs/performance.md says,
// with the real programs on a test bed of network namespaces, and prints it
// beside what nginx or the registry do with the same bytes in the same run. It
// needs root.
//
// There is a file for each part: link.go, latency.go, cpu.go, memory.go,
// crowd.go and crowd_loss.go. The bed of the first four is in pair.go, the crowd's
// in crowd_bed.go,
// the clients in fetch.go, what is read from the kernel in proc.go. Parts note
// their values in a [Report], round by round.
package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/figures"
	"github.com/drayproject/dray/loadtest/testbed"
)

// part is one group of figures. Each has a bed of its own.
type part struct {
	name    string
	measure func(testbed.T, *Report)
}

var parts = []part{
	{"link", measureLink},
	{"latency", measureLatency},
	{"cpu", measureCPU},
	{"memory", measureMemory},
	{"crowd", measureCrowd},
}

// Options are what a run may be told.
type Options struct {
	Only      []string // names of parts; empty: all
	Rounds    int
	CrowdRate int64    // of the crowd's links, Mbit/s in each direction
	Cases     []string // of the crowd; empty: all
}

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	o := Options{Rounds: 3, CrowdRate: 100}
	output := "table"
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure Dray on a test bed of network namespaces (needs root)",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, err := figures.Writer(output, writeTable)
			if err != nil {
				return err
			}
			report, err := Run(cmd.Context(), o, cmd.ErrOrStderr())
			if report == nil {
				return err
			}
			return errors.Join(write(cmd.OutOrStdout(), report), err)
		},
	}
	cmd.Flags().StringSliceVar(&o.Only, "only", nil, "parts to measure: "+strings.Join(names(), ", "))
	cmd.Flags().IntVar(&o.Rounds, "rounds", o.Rounds, "how often each figure is measured")
	cmd.Flags().Int64Var(&o.CrowdRate, "crowd-rate", o.CrowdRate, "rate of the crowd's links and the registry's, in Mbit/s")
	cmd.Flags().StringSliceVar(&o.Cases, "case", nil, "cases of the crowd: "+strings.Join(caseKeys(), ", "))
	cmd.Flags().StringVarP(&output, "output", "o", output, "table or json")
	return cmd
}

// Run measures. What happens meanwhile, and each value as soon as it is there, goes
// to progress. After a failure the report has what was measured before.
func Run(ctx context.Context, o Options, progress io.Writer) (*Report, error) {
	if o.Rounds < 1 {
		return nil, fmt.Errorf("rounds: want at least 1, not %d", o.Rounds)
	}
	if o.CrowdRate < 1 || o.CrowdRate > 10_000 {
		return nil, fmt.Errorf("crowd-rate: want 1 to 10000 Mbit/s, not %d", o.CrowdRate)
	}
	for _, name := range o.Only {
		if !slices.Contains(names(), name) {
			return nil, fmt.Errorf("part %q: want one of %s", name, strings.Join(names(), ", "))
		}
	}
	for _, key := range o.Cases {
		if !slices.Contains(caseKeys(), key) {
			return nil, fmt.Errorf("case %q: want one of %s", key, strings.Join(caseKeys(), ", "))
		}
	}
	r := &Report{
		Machine: thisMachine(), Rounds: o.Rounds, progress: progress,
		crowdRate: o.CrowdRate * testbed.Mbit, crowdCases: o.Cases,
	}
	for _, p := range parts {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
			continue
		}
		err := testbed.Run(ctx, progress, func(t testbed.T) {
			testbed.Require(t)
			t.Logf("%s …", p.name)
			r.part = p.name
			p.measure(t, r)
		})
		if err != nil {
			return r, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return r, nil
}

func names() []string {
	all := make([]string, len(parts))
	for i, p := range parts {
		all[i] = p.name
	}
	return all
}
