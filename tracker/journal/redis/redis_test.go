package redis_test

import (
	"strings"
	"testing"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
	"github.com/drayproject/dray/tracker/journal/redis"
)

func mustNew(t testing.TB, url, prefix string) *redis.Redis {
	t.Helper()
	r, err := redis.New(url, prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// conforms runs the suite, each test with a prefix of its own.
func conforms(t *testing.T, url string) {
	journaltest.Run(t, func(t *testing.T) func() journal.Journal {
		_, name, _ := strings.Cut(t.Name(), "/")
		prefix := strings.NewReplacer("/", ".", "'", "").Replace(name) + ":"
		return func() journal.Journal { return mustNew(t, url, prefix) }
	})
}

func TestStandaloneConforms(t *testing.T) {
	conforms(t, "redis://"+redistest.Start(t).Addr)
}

func TestSentinelConforms(t *testing.T) {
	conforms(t, "redis+sentinel://"+redistest.StartSentinels(t).Addrs()+"/"+redistest.Master)
}

func TestClusterConforms(t *testing.T) {
	conforms(t, "redis+cluster://"+redistest.StartCluster(t).Addrs())
}
