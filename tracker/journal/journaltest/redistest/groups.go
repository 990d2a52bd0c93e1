package redistest

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// Cluster is a Redis Cluster of six: three primaries with a replica each.
type Cluster struct {
	Servers []*Server
}

// StartCluster starts a Cluster that notices a lost server within a second or
// two.
func StartCluster(t testing.TB) *Cluster {
	t.Helper()
	c := &Cluster{}
	create := []string{"--cluster", "create"}
	for range 6 {
		s := Start(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-config-file", "nodes.conf", "--repl-diskless-sync-delay", "0")
		c.Servers = append(c.Servers, s)
		create = append(create, s.Addr)
	}
	c.Servers[0].Do(append(create, "--cluster-replicas", "1", "--cluster-yes")...)
	for _, s := range c.Servers {
		Eventually(t, 30*time.Second, "the Cluster agrees", func() bool {
			info, _ := s.try("CLUSTER", "INFO")
			nodes, _ := s.try("CLUSTER", "NODES")
			return strings.Contains(info, "cluster_state:ok") && strings.Count(nodes, "slave") == 3 && s.inSync()
		})
	}
	return c
}

// inSync says that the server is no replica, or one that could take over.
func (s *Server) inSync() bool {
	info, err := s.try("INFO", "replication")
	return err == nil && (strings.Contains(info, "role:master") || strings.Contains(info, "master_link_status:up"))
}

// Addrs are the addresses of all servers, separated by commas.
func (c *Cluster) Addrs() string { return addrs(c.Servers) }

// PrimaryOf is the server that has the key now.
func (c *Cluster) PrimaryOf(key string) *Server {
	for _, s := range c.Servers {
		if s.cmd.ProcessState != nil {
			continue
		}
		// Whoever has the key answers; the others say who that is.
		if out, _ := s.try("GET", key); !strings.Contains(out, "MOVED") {
			return s
		}
	}
	return nil
}

// Sentinels is a primary with two replicas and three Sentinels that watch them.
type Sentinels struct {
	Primary   *Server
	Replicas  []*Server
	Sentinels []*Server
}

// Master is the name under which the Sentinels know the primary.
const Master = "dray"

// StartSentinels starts a trio that replaces a lost primary within a second or
// two.
func StartSentinels(t testing.TB) *Sentinels {
	t.Helper()
	g := &Sentinels{Primary: Start(t, "--repl-diskless-sync-delay", "0")}
	host, port, _ := net.SplitHostPort(g.Primary.Addr)
	for range 2 {
		s := Start(t, "--replicaof", host+" "+port)
		Eventually(t, 30*time.Second, "a replica has a copy", s.inSync)
		g.Replicas = append(g.Replicas, s)
	}
	for range 3 {
		s := prepare(t)
		s.sentinel = true
		_, own, _ := net.SplitHostPort(s.Addr)
		config := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nlogfile log\nsentinel monitor %s %s %s 2\n"+
			"sentinel down-after-milliseconds %s 1000\nsentinel failover-timeout %s 3000\n",
			own, s.dir, Master, host, port, Master, Master)
		if err := os.WriteFile(s.config(), []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Restart()
		g.Sentinels = append(g.Sentinels, s)
	}
	for _, s := range g.Sentinels {
		Eventually(t, 30*time.Second, "the Sentinels know each other and the replicas", func() bool {
			info, _ := s.try("INFO", "sentinel")
			return strings.Contains(info, "slaves=2,sentinels=3")
		})
	}
	return g
}

// Addrs are the addresses of the Sentinels, separated by commas.
func (g *Sentinels) Addrs() string { return addrs(g.Sentinels) }

func addrs(servers []*Server) string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Addr)
	}
	return strings.Join(all, ",")
}
