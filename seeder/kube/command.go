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
	cmd.AddCommand(nodeCommand(), warmCommand(), drainCommand(), awaitCommand(), holdCommand(), testCommand())
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

func drainCommand() *cobra.Command {
	var name string
	var taints []string
	var deadline time.Duration
	cmd := &cobra.Command{
		Use:   "drain TRACKER-URL",
		Short: "before a node that is cordoned is taken away, have what only it has copied elsewhere",
		Long: `Before a node that is cordoned, or has one of the taints, is taken away, have what
only it has copied elsewhere, for as long as the deadline. On other nodes, where a
seeder is merely replaced, it does nothing. The URL is that of a tracker's admin
listener.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), deadline)
			defer cancel()
			api, err := InCluster()
			if err != nil {
				return err
			}
			leaving, err := api.leaving(ctx, name, taints)
			if err != nil || !leaving {
				return err
			}
			return newAdmin(args[0], os.Getenv("DRAY_ADMIN_TOKEN")).drain(ctx, name, deadline)
		},
	}
	cmd.Flags().StringVar(&name, "name", os.Getenv("DRAY_NODE_NAME"), "the node's name")
	cmd.Flags().StringSliceVar(&taints, "taints", []string{"ToBeDeletedByClusterAutoscaler", "karpenter.sh/disrupted"}, "keys of taints that say as much as a cordon")
	cmd.Flags().DurationVar(&deadline, "deadline", 5*time.Minute, "longest time for it")
	return cmd
}

func warmCommand() *cobra.Command {
	var name, taint string
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "warm TRACKER-URL",
		Short: "take a taint from this node when it has what policies and jobs want on it",
		Long: `Take a taint from this node when it has what policies for every node and jobs want
on it, or when the time is up; then do nothing until stopped. What has failed is not
waited for. The URL is that of a tracker's admin listener.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			api, err := InCluster()
			if err != nil {
				return err
			}
			w := warming{
				api: api, tracker: newAdmin(args[0], os.Getenv("DRAY_ADMIN_TOKEN")),
				node: name, taint: taint, until: time.Now().Add(timeout), pause: lookAgain, out: cmd.OutOrStdout(),
			}
			w.run(cmd.Context())
			<-cmd.Context().Done()
			return nil
		},
	}
	cmd.Flags().StringVar(&name, "name", os.Getenv("DRAY_NODE_NAME"), "the node's name")
	cmd.Flags().StringVar(&taint, "taint", "", "the taint's key")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Minute, "longest time that the taint stays")
	_ = cmd.MarkFlagRequired("taint")
	return cmd
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
