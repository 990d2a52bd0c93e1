package admincmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/process"
)

// settings say which tracker is asked. As flags, keys of a file and environment
// variables they have the names that the tracker's own settings have, where they
// are the same thing.
type settings struct {
	// AdminAddress is a host:port or a URL.
	AdminAddress string `mapstructure:"admin-address" usage:"the tracker's admin listener, host:port or URL"`
	// AdminToken can be seen in the list of processes when it is a flag:
	// better give it as DRAY_ADMIN_TOKEN, or in a file.
	AdminToken     string `mapstructure:"admin-token" usage:"the tracker's admin token"`
	AdminTokenFile string `mapstructure:"admin-token-file" usage:"file with the tracker's admin token"`
}

// options are what all commands have in common.
type options struct {
	settings
	output string
}

var outputs = []string{"table", "wide", "json", "yaml"}

// New makes the command `admin` with all below it.
func New() *cobra.Command {
	admin := &cobra.Command{
		Use:   "admin",
		Short: "See what a tracker knows, and steer it",
		Long: `See what a tracker knows, and steer it, by its admin API.

Exit codes: 0 done; 1 something else went wrong; 2 the command or a value makes
no sense; 3 the node, digest or image is not known; 4 the token is missing or
wrong; 5 no tracker answers; 6 with --fail: something is at risk; 7 a job
has failures or was cancelled, or a drain is blocked or its node has died.`,
		Example: `  tracker admin summary --watch
  tracker admin nodes --state suspect --state dead
  tracker admin what-if --node n7                 what would be lost with it
  tracker admin digest sha256:4f5a                a digest's beginning is enough
  tracker admin prewarm docker.io/library/redis:7 --zone a --parallel 20
  DRAY_ADMIN_ADDRESS=tracker:7071 DRAY_ADMIN_TOKEN=… tracker admin events`,
	}
	of(admin)
	for _, g := range []struct {
		id, title string
		commands  []*cobra.Command
	}{
		{"cluster", "The whole:", clusterCommands()},
		{"nodes", "Nodes:", nodeCommands()},
		{"content", "Images and digests, and who has them:", contentCommands()},
		{"events", "What happens, and has happened:", eventCommands()},
		{"placement", "What should be where:", placementCommands()},
	} {
		admin.AddGroup(&cobra.Group{ID: g.id, Title: g.title})
		for _, cmd := range g.commands {
			cmd.GroupID = g.id
			admin.AddCommand(cmd)
		}
	}
	admin.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return Failure{Usage, err} })
	return admin
}

// leaf makes a command that asks a tracker. complete, if it is not nil, knows
// what its arguments may be.
func leaf(use, short string, args cobra.PositionalArgs, complete completer, run func(*cobra.Command, *session, []string) error) *cobra.Command {
	o := &options{settings: settings{AdminAddress: "127.0.0.1:7071"}}
	cmd := &cobra.Command{Use: use, Short: short, Args: usage(args)}
	read := process.Bind(cmd, &o.settings)
	cmd.ValidArgsFunction = completion(complete, func() (*client, error) {
		if err := read.Read(); err != nil {
			return nil, err
		}
		return newClient(o.settings)
	})
	cmd.Flags().StringVarP(&o.output, "output", "o", "table", "table, wide, json or yaml")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(outputs, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		s, err := open(cmd, read, o)
		if err != nil {
			return err
		}
		return run(cmd, s, args)
	}
	return cmd
}

// usage makes errors of the arguments ones of usage, and says what is wanted.
func usage(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return Failure{Usage, fmt.Errorf("%w; usage: %s", err, cmd.UseLine())}
		}
		return nil
	}
}

// of has a command of several show its help, and guess what somebody meant who
// asks for one that is not there.
func of(several *cobra.Command) {
	several.SuggestionsMinimumDistance = 2
	several.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	several.Args = func(cmd *cobra.Command, given []string) error {
		if len(given) == 0 {
			return nil
		}
		err := fmt.Errorf("there is no command %q; see %s --help", given[0], cmd.CommandPath())
		if like := cmd.SuggestionsFor(given[0]); len(like) > 0 {
			err = fmt.Errorf("there is no command %q: did you mean %s?", given[0], strings.Join(like, " or "))
		}
		return Failure{Usage, err}
	}
}

// open reads the settings.
func open(cmd *cobra.Command, read *process.Settings, o *options) (*session, error) {
	if err := read.Read(); err != nil {
		return nil, Failure{Usage, err}
	}
	if !slices.Contains(outputs, o.output) {
		return nil, Failure{Usage, fmt.Errorf("output %q: want one of %v", o.output, outputs)}
	}
	c, err := newClient(o.settings)
	if err != nil {
		return nil, Failure{Usage, err}
	}
	return &session{client: c, options: o, screen: newScreen(cmd.OutOrStdout(), o.output == "wide")}, nil
}

// session is one command on its way.
type session struct {
	*client
	*options
	*screen
}

// talks says that people read what is written, not programs.
func (s *session) talks() bool { return s.output == "table" || s.output == "wide" }

// write shows an answer in the form that was asked for.
func (s *session) write(answer any, draw func()) error {
	switch s.output {
	case "json":
		return writeJSON(s, answer)
	case "yaml":
		return writeYAML(s, answer)
	}
	draw()
	return nil
}
