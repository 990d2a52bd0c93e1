package swarm

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	o := Defaults()
	output, pictures := "table", ""
	cmd := &cobra.Command{
		Use:   "swarm",
		Short: "Simulate a flash crowd with the tracker's own decisions",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, ok := writers[output]
			if !ok {
				return fmt.Errorf("output %q: want table or json", output)
			}
			r, err := Run(cmd.Context(), o)
			if err != nil {
				return err
			}
			if pictures != "" {
				if r.Curves, err = sweep(cmd.Context(), o); err != nil {
					return err
				}
				if err := draw(pictures, r.Curves); err != nil {
					return err
				}
			}
			return write(cmd.OutOrStdout(), r)
		},
	}
	o.bind(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", output, "table or json")
	cmd.Flags().StringVar(&pictures, "pictures", "", "folder for curves over N and over k, as SVG; takes many more runs")
	return cmd
}

var writers = map[string]func(io.Writer, *Result) error{
	"table": writeTable,
	"json":  writeJSON,
}
