package main

import (
	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/bench"
	"github.com/drayproject/dray/loadtest/compose"
	"github.com/drayproject/dray/loadtest/faults"
	"github.com/drayproject/dray/loadtest/fleet"
	"github.com/drayproject/dray/loadtest/kube"
)

// measuring are the commands that need Linux.
func measuring() []*cobra.Command {
	return []*cobra.Command{bench.Command(), fleet.Command(), faults.Command(), compose.Command(), kube.Command()}
}
