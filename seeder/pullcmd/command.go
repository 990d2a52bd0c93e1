// Package pullcmd is "seeder pull": it asks the running seeder to pull an image
// and shows how it goes, with a bar for each layer on a terminal, as plain
// lines elsewhere, or as the events themselves.
package pullcmd

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8/cwriter"

	"github.com/drayproject/dray/seeder/puller"
)

// Command makes the command, to be added to the seeder's.
func Command() *cobra.Command {
	var r puller.Request
	var mirror, output string
	cmd := &cobra.Command{
		Use:   "pull IMAGE",
		Short: "make the running seeder pull an image",
		Long: `Make the running seeder pull an image into its store, from its neighbours where
they have it and from the registry where they don't, and show where every layer
came from. Stopping this command stops the pull.`,
		Example: "  seeder pull redis:7\n  seeder pull --platform all -o json registry.example/app:1",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r.Image = args[0]
			v, err := newView(output, cmd.OutOrStdout())
			if err != nil {
				return err
			}
			err = puller.Ask(cmd.Context(), mirror, r, v.show)
			v.close()
			return err
		},
	}
	cmd.Flags().StringVar(&mirror, "mirror", "127.0.0.1:5001", "address of the running seeder's mirror")
	cmd.Flags().StringVar(&r.Platform, "platform", "", `platform to pull, like linux/arm64, or "all" (default: the node's)`)
	cmd.Flags().BoolVar(&r.PlainHTTP, "plain-http", false, "the registry speaks no TLS")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	return cmd
}

// view shows a pull. close comes after the last event, or when there will be
// no more.
type view interface {
	show(puller.Event)
	close()
}

func newView(output string, out io.Writer) (view, error) {
	switch output {
	case "json":
		return jsonView{out}, nil
	case "text":
		if hasRoom(out) {
			return newBars(out), nil
		}
		return &lines{out: out}, nil
	}
	return nil, fmt.Errorf("output %q: want text or json", output)
}

// hasRoom: it is a terminal, and one whose size is known.
func hasRoom(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	width, _, err := cwriter.GetSize(int(f.Fd()))
	return err == nil && width > 0
}
