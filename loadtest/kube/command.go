package kube

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/testbed"
)

// Options say what is tested, and where the result goes.
type Options struct {
	Chart  string // folder
	Images string // folder with tracker.tar and seeder.tar, as `make images` makes them
	Tag    string // of these images
	Report string // file for the table of results; "": none
	Keep   bool   // leave the cluster as it is when a step has failed
}

// Command makes "loadtest kube".
func Command() *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "kube",
		Short: "install the Helm chart on a real Kubernetes, break things, and remove it",
		Long: `Install the Helm chart on a real Kubernetes, break things while pods are being
pulled, and remove it without a trace. It takes the cluster of KUBECONFIG and the
helper program of E2E_KUBE (go doc ./loadtest/kube says what that has to know),
or starts a cluster with the helper alone. Without either, ../shared/kube/kube is
the helper. Run it in the repository's folder.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			err := testbed.Run(cmd.Context(), cmd.OutOrStdout(), func(t testbed.T) { run(t, o) })
			if err != nil {
				return fmt.Errorf("the chart has failed: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Chart, "chart", "deploy/helm/dray", "the chart")
	cmd.Flags().StringVar(&o.Images, "images", "bin/images", "folder with tracker.tar and seeder.tar")
	cmd.Flags().StringVar(&o.Tag, "tag", "dev", "the images' tag")
	cmd.Flags().StringVar(&o.Report, "report", os.Getenv("E2E_KUBE_REPORT"), "file to write the results to")
	cmd.Flags().BoolVar(&o.Keep, "keep", false, "leave everything as it is when a step fails")
	return cmd
}
