// Command tracker knows which node holds which digest and which nodes are
// alive, and tells the seeders.
package main

import (
	"os"

	"github.com/KimMachineGun/automemlimit/memlimit"
	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/tracker/admincmd"
	"github.com/drayproject/dray/tracker/app"
)

func main() {
	withinLimit()
	root := tracker()
	root.AddCommand(admincmd.New(), healthcheck(), process.VersionCommand())
	os.Exit(process.Main(root))
}

// withinLimit keeps the heap to nine tenths of the container's memory limit, if there
// is one: garbage is collected more often before a large cluster's tracker is killed
// for it. GOMEMLIMIT has the last word.
func withinLimit() {
	_, _ = memlimit.Set(memlimit.WithRatio(0.9)) // what it can't find out sets no limit
}

func tracker() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tracker",
		Short: "Tell the seeders who holds what",
		Args:  cobra.NoArgs,
	}
	cfg := app.Default()
	settings := process.Bind(cmd, &cfg)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.Read(); err != nil {
			return err
		}
		log, err := process.Logger(os.Stderr, cfg.LogLevel, cfg.LogFormat)
		if err != nil {
			return err
		}
		tracker, err := app.New(cfg, log)
		if err != nil {
			return err
		}
		return tracker.Run(cmd.Context())
	}
	return cmd
}

func healthcheck() *cobra.Command {
	cfg := app.Default()
	return process.HealthcheckCommand(&cfg, func() string { return cfg.AdminListen })
}
