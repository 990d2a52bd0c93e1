package doctor

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/process"
)

// Command makes "seeder doctor". cfg is the seeder's settings, and node what
// they say, once cfg is read.
func Command(cfg any, node func() (Node, error)) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Find what keeps this node from giving and getting layers",
		Long: `Examine this node, and say of each fault what it is, why it matters and how to
mend it. Give it the same settings as the running seeder. It has containerd pull
an image of a few hundred bytes through the mirror, and removes it again.

It ends with status 0 when all is well, 1 when it has found a fault or was called
wrongly, and 2 when it has found none but could not check everything.`,
		Example: "  seeder doctor --trackers tracker.example:7070\n  seeder doctor -o json | jq '.[] | select(.status != \"ok\")'",
		Args:    cobra.NoArgs,
	}
	settings := process.Bind(cmd, cfg)
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		show, known := map[string]func(io.Writer, []Result) error{"text": printText, "json": printJSON}[output]
		if !known {
			return fmt.Errorf("output %q: want text or json", output)
		}
		if err := settings.Read(); err != nil {
			return err
		}
		n, err := node()
		if err != nil {
			return err
		}
		all := Examine(cmd.Context(), n)
		if err := show(cmd.OutOrStdout(), all); err != nil {
			return err
		}
		return verdict(all)
	}
	return cmd
}

// diagnosis is a verdict as an error, for the exit status.
type diagnosis struct{ status, faults, unknown int }

func (d diagnosis) ExitCode() int { return d.status }

func (d diagnosis) Error() string {
	return fmt.Sprintf("%d faults; %d checks could not be made", d.faults, d.unknown)
}

func verdict(all []Result) error {
	d := diagnosis{status: Worst(all)}
	for _, r := range all {
		switch r.Status {
		case Fault:
			d.faults++
		case Unknown:
			d.unknown++
		case OK:
		}
	}
	if d.status == 0 {
		return nil
	}
	return d
}

func printJSON(w io.Writer, all []Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(all)
}

func printText(w io.Writer, all []Result) error {
	for _, r := range all {
		if _, err := fmt.Fprintf(w, "%-7s  %-23s  %s\n", r.Status, r.Check, r.What); err != nil {
			return err
		}
		for _, l := range []struct{ name, text string }{{"why", r.Why}, {"fix", r.Fix}} {
			if l.text == "" {
				continue
			}
			if _, err := fmt.Fprintln(w, indent(l.name+": "+l.text, "         ")); err != nil {
				return err
			}
		}
	}
	return nil
}
