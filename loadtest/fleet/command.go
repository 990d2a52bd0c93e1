package fleet

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/figures"
)

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	o := defaults()
	output, page := "table", ""
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "Measure trackers with thousands of virtual seeders",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			write, err := figures.Writer(output, writeTable)
			if err != nil {
				return err
			}
			r, err := Run(cmd.Context(), o, cmd.ErrOrStderr())
			if err != nil {
				return err
			}
			if page != "" {
				if err := writeFile(page, r); err != nil {
					return err
				}
			}
			return write(cmd.OutOrStdout(), r)
		},
	}
	o.bind(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", output, "table or json")
	cmd.Flags().StringVar(&page, "html", page, "file for a page with plots")
	return cmd
}

func writeFile(name string, r *Report) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := writePage(f, r); err != nil {
		_ = f.Close()
		return err
	}
	return f.Close()
}
