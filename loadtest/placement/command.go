package placement

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	o := Defaults()
	output, pictures := "table", ""
	cmd := &cobra.Command{
		Use:   "placement",
		Short: "Simulate a year of failures with the tracker's own placement",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, ok := writers[output]
			if !ok {
				return fmt.Errorf("output %q: want table or json", output)
			}
			debug.SetGCPercent(400) // plans are much garbage, and little is kept
			r, err := Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if pictures != "" {
				if err := draw(pictures, r); err != nil {
					return err
				}
			}
			return write(cmd.OutOrStdout(), r)
		},
	}
	o.bind(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", output, "table or json")
	cmd.Flags().StringVar(&pictures, "pictures", "", "folder for curves over the time, as SVG")
	return cmd
}

var writers = map[string]func(io.Writer, *Result) error{
	"table": writeTable,
	"json":  writeJSON,
}
