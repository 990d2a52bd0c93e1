// Package demo is "loadtest demo": the whole of Dray on one machine, in half a
// minute, for people to watch. Nothing is pretended: a registry on loopback, a
// tracker and four seeders with stores of their own run as processes, an image
// goes from one to the others, the registry is closed and a seeder that is
// sending is killed. Links are slower than loopback on purpose, so that a
// transfer takes long enough to be broken.
//
// In the end every blob of every store is hashed again, from its file, and what
// was claimed is checked. The exit status tells.
//
// The acts are in acts.go. A stage keeps what they play on; the timeline
// writes down what happens; the report sums it up.
package demo

import (
	"github.com/spf13/cobra"
)

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	o := Defaults()
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show nodes pulling an image from each other while the registry is gone and a holder dies",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := Play(cmd.Context(), o, cmd.OutOrStdout())
			return err
		},
	}
	cmd.Flags().Int64Var(&o.RegistryRate, "registry-rate", o.RegistryRate, "bytes/s that the registry sends, all together")
	cmd.Flags().Int64Var(&o.NodeRate, "node-rate", o.NodeRate, "bytes/s that each node sends")
	return cmd
}

// Options are what a demo may be told.
type Options struct {
	RegistryRate int64   // bytes per second
	NodeRate     int64   // bytes per second
	Layers       []int64 // bytes of each; the first one is interrupted, so it should be much the largest
}

// Defaults emulates a registry behind a WAN link, and nodes with 1 Gbit/s.
func Defaults() Options {
	const MiB = 1 << 20
	return Options{
		RegistryRate: 40e6,
		NodeRate:     125e6,
		Layers:       []int64{96 * MiB, 12 * MiB, 8 * MiB, 6 * MiB, 4 * MiB, 2 * MiB, 64 << 10},
	}
}
