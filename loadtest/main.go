// Command loadtest shows and measures Dray.
package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/demo"
	"github.com/drayproject/dray/loadtest/placement"
	"github.com/drayproject/dray/loadtest/swarm"
	"github.com/drayproject/dray/shared/process"
)

func main() {
	root := &cobra.Command{Use: "loadtest", Short: "Show and measure Dray"}
	root.AddCommand(demo.Command(), swarm.Command(), placement.Command())
	root.AddCommand(measuring()...)
	os.Exit(process.Main(root))
}
