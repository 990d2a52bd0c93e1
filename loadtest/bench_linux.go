package main

import (
	"github.com/spf13/cobra"

	"github.com/drayproject/dray/loadtest/bench"
)

// measuring are the commands that need network namespaces.
func measuring() []*cobra.Command { return []*cobra.Command{bench.Command()} }
