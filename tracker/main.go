// Command tracker knows which node holds which digest and which nodes are
// alive, and tells the seeders.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/tracker/admincmd"
	"github.com/drayproject/dray/tracker/app"
)

func main() {
	root := tracker()
	root.AddCommand(admincmd.New(), healthcheck(), process.VersionCommand())
	os.Exit(process.Main(root))
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
