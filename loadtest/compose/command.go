// Package compose is "loadtest compose": what the demo profile of
// docker-compose.yml plays, from within. It pushes images to the registry, has
// every node's containerd pull them, and kills a node in the middle of what it
// sends, then a tracker, then Redis. After each, nodes go on pulling images that
// nobody has seen before. In the end all that is in any store is hashed again.
//
// The acts are in acts.go. A stage keeps what they play on: the nodes, whose
// sockets and stores are mounted below /nodes, and the engine, whose socket is
// mounted too, since somebody has to do the killing.
package compose

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"
)

// patience bounds the whole play; it takes a small part of it.
const patience = 5 * time.Minute

// Command makes the command, to be added to loadtest's.
func Command() *cobra.Command {
	s := &stage{
		registry: "registry:5000",
		trackers: []string{"tracker1", "tracker2"},
		// Two copies of this are written, and one of them held in memory.
		layers: []int64{32 << 20, 4 << 20, 1 << 20, 64 << 10},
	}
	project, folder := os.Getenv("PROJECT"), "/nodes"
	cmd := &cobra.Command{
		Use:   "compose",
		Short: "Play the demo of docker-compose.yml; runs in its demo container",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), patience)
			defer cancel()
			s.out, s.began = cmd.OutOrStdout(), time.Now()
			s.engine = newEngine("/var/run/docker.sock", project)
			nodes, err := openNodes(folder)
			if err != nil {
				return err
			}
			defer closeNodes(nodes)
			s.nodes = nodes
			return s.play(ctx)
		},
	}
	cmd.Flags().StringVar(&s.registry, "registry", s.registry, "host:port of the registry")
	cmd.Flags().StringVar(&project, "project", project, "compose project that this runs in")
	cmd.Flags().StringVar(&folder, "nodes", folder, "folder with a folder for each node: its containerd's run and lib")
	return cmd
}
