package kube

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// Command makes "seeder kube", which the Helm chart calls.
func Command() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kube",
		Short: "what the Helm chart asks of Kubernetes",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(nodeCommand(), awaitCommand(), holdCommand(), testCommand())
	return cmd
}

func nodeCommand() *cobra.Command {
	var name, out string
	var labels []string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "node",
		Short: "write the zone and the labels of this node into a settings file",
		Long: `Write the zone and the labels of this node into a settings file for the seeder.
When Kubernetes can't be asked, the file is empty and the exit status is 0: a
seeder that does not know its zone is better than none.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			place, err := ask(ctx, name, labels)
			if err != nil {
				_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "zone and labels of node %s are unknown: %v\n", name, err)
			}
			settings, err := place.settings()
			if err != nil {
				return err
			}
			return os.WriteFile(out, settings, 0o644)
		},
	}
	cmd.Flags().StringVar(&name, "name", os.Getenv("DRAY_NODE_NAME"), "the node's name")
	cmd.Flags().StringSliceVar(&labels, "labels", nil, "labels to keep, like topology.kubernetes.io/*")
	cmd.Flags().StringVar(&out, "out", "", "file to write")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "longest wait for Kubernetes")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}

func ask(ctx context.Context, node string, labels []string) (Place, error) {
	api, err := InCluster()
	if err != nil {
		return Place{}, err
	}
	return insist(ctx, func() (Place, error) { return api.Place(ctx, node, labels) })
}

// insist tries until there is an answer or ctx ends. Then the last error counts.
func insist[T any](ctx context.Context, try func() (T, error)) (T, error) {
	for {
		answer, err := try()
		if err == nil {
			return answer, nil
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
			return answer, err
		}
	}
}

func awaitCommand() *cobra.Command {
	var namespace string
	var timeout time.Duration
	var remove bool
	cmd := &cobra.Command{
		Use:   "await DAEMONSET",
		Short: "wait until a DaemonSet's pod is ready on every node",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := InCluster()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			err = api.Await(ctx, namespace, args[0], func(ready, nodes int) {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d of %d nodes\n", ready, nodes)
			})
			if err != nil || !remove {
				return err
			}
			return api.Delete(cmd.Context(), namespace, args[0])
		},
	}
	cmd.Flags().StringVarP(&namespace, "namespace", "n", "default", "the DaemonSet's namespace")
	cmd.Flags().DurationVar(&timeout, "timeout", 4*time.Minute, "longest wait")
	cmd.Flags().BoolVar(&remove, "delete", false, "then delete the DaemonSet")
	return cmd
}

func holdCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hold",
		Short: "do nothing until stopped: a DaemonSet's pod that has done its work must not end",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { <-cmd.Context().Done() },
	}
}

func testCommand() *cobra.Command {
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "test TRACKER-URL",
		Short: "wait until a tracker is ready and knows of a node",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
			defer cancel()
			nodes, err := insist(ctx, func() (int, error) { return fleet(ctx, args[0], os.Getenv("DRAY_ADMIN_TOKEN")) })
			if err == nil {
				_, _ = fmt.Fprintf(cmd.OutOrStdout(), "%d nodes are ready\n", nodes)
			}
			return err
		},
	}
	cmd.Flags().DurationVar(&timeout, "timeout", 30*time.Second, "longest wait")
	return cmd
}
