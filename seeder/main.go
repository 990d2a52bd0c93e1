// Command seeder is Dray's part on every node: containerd's mirror, which
// serves what the node has and fetches from neighbours what it has not.
package main

import (
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/seeder/app"
	"github.com/drayproject/dray/seeder/doctor"
	"github.com/drayproject/dray/seeder/hosts"
	"github.com/drayproject/dray/seeder/kube"
	"github.com/drayproject/dray/seeder/pullcmd"
	"github.com/drayproject/dray/seeder/statuscmd"
	"github.com/drayproject/dray/seeder/unpincmd"
	"github.com/drayproject/dray/shared/process"
)

func main() {
	frugal()
	root := seeder()
	root.AddCommand(pullcmd.Command(), statuscmd.Command(), kube.Command(), hosts.Command(), unpincmd.Command(), examine(), healthcheck(), process.VersionCommand())
	os.Exit(process.Main(root))
}

// frugal keeps the heap small: a seeder is at rest most of the time, and bodies
// pass through buffers that are used again. GOGC still has the last word.
func frugal() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
}

func seeder() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seeder",
		Short: "Serve this node's image layers to its neighbours, and theirs to its containerd",
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
		seeder, err := app.New(cmd.Context(), cfg, log)
		if err != nil {
			return err
		}
		return seeder.Run(cmd.Context())
	}
	return cmd
}

func examine() *cobra.Command {
	cfg := app.Default()
	return doctor.Command(&cfg, func() (doctor.Node, error) { return cfg.Node() })
}

func healthcheck() *cobra.Command {
	cfg := app.Default()
	return process.HealthcheckCommand(&cfg, func() string { return cfg.MetricsListen })
}
