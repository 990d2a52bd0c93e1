package journaltest_test

import (
	"testing"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
)

func TestMemoryConforms(t *testing.T) {
	journaltest.Run(t, func(*testing.T) func() journal.Journal { return journaltest.NewMemory().Journal })
}
