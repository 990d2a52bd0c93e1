package hosts

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/process"
)

// Command makes "seeder hosts".
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hosts",
		Short: "have containerd ask the mirror first, by its hosts.toml files",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(installCommand(), removeCommand(), checkCommand())
	return cmd
}

func installCommand() *cobra.Command {
	cfg := DefaultConfig()
	var bestEffort bool
	cmd := &cobra.Command{
		Use:   "install",
		Short: "put the mirror in front of what the hosts.toml files say",
		Long: `Put the mirror in front of what the hosts.toml files say, and keep all else that
is in them. Doing it again changes nothing; with other settings it changes what
differs. Every file is tried as containerd reads it before it takes its place.
containerd needs no restart.`,
		Example: "  seeder hosts install\n  seeder hosts install --registries docker.io,registry.example:5000",
		Args:    cobra.NoArgs,
	}
	settings := process.Bind(cmd, &cfg)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.Read(); err != nil {
			return err
		}
		if err := cfg.check(); err != nil {
			return err
		}
		changes, err := Install(cfg)
		show(cmd.OutOrStdout(), changes, err)
		if bestEffort && err != nil {
			_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "left as it is, and not through the mirror: %v\n", err)
			return nil
		}
		return err
	}
	cmd.Flags().BoolVar(&bestEffort, "best-effort", false, "end with status 0 when files can't be changed: seeder doctor will name them")
	return cmd
}

func removeCommand() *cobra.Command {
	cfg := struct {
		Path string `mapstructure:"path" usage:"folder of containerd's registry configuration, its config_path"`
	}{DefaultConfig().Path}
	cmd := &cobra.Command{
		Use:   "remove",
		Short: "take out what install has put in",
		Long: `Take out what install has put in. What was there before is as it was, byte for
byte. What others have written since then stays.`,
		Args: cobra.NoArgs,
	}
	settings := process.Bind(cmd, &cfg)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.Read(); err != nil {
			return err
		}
		changes, err := Remove(cfg.Path)
		show(cmd.OutOrStdout(), changes, err)
		return err
	}
	return cmd
}

func show(out io.Writer, changes []Change, err error) {
	for _, c := range changes {
		_, _ = fmt.Fprintln(out, c)
	}
	if len(changes) == 0 && err == nil {
		_, _ = fmt.Fprintln(out, "nothing to do")
	}
}

func checkCommand() *cobra.Command {
	cfg := DefaultConfig()
	cmd := &cobra.Command{
		Use:   "check",
		Short: "tell whether containerd asks the mirror first",
		Args:  cobra.NoArgs,
	}
	settings := process.Bind(cmd, &cfg)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.Read(); err != nil {
			return err
		}
		results, err := Check(cfg)
		if err != nil {
			return err
		}
		return report(cmd.OutOrStdout(), results)
	}
	return cmd
}

// report is an error when there is a problem.
func report(out io.Writer, results []Result) error {
	wrong := 0
	for _, r := range results {
		said := "ok"
		if r.Problem != "" {
			said = r.Problem
			wrong++
		}
		_, _ = fmt.Fprintf(out, "%s: %s\n", r.File, said)
	}
	if wrong > 0 {
		return fmt.Errorf("%d of %d files are not as they should be", wrong, len(results))
	}
	return nil
}
