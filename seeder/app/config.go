package app

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"time"
)

// Config is everything that a seeder can be told. Each field is a flag, a key
// of the configuration file and, as DRAY_PEER_LISTEN and so on, an environment
// variable.
type Config struct {
	// NodeName must be unique in the cluster and outlive restarts. Empty:
	// the machine's host name.
	NodeName string `mapstructure:"node-name" usage:"this node's name, unique in the cluster (default: the host name)"`
	// Zone is where the node is: neighbours in the same zone are preferred.
	Zone string `mapstructure:"zone" usage:"failure or network zone of this node"`
	// Labels are shown with the node and can be selected by.
	Labels map[string]string `mapstructure:"labels" usage:"labels of this node, as key=value,…"`

	// Trackers are host:port addresses or URLs of all the trackers. An
	// entry "dns:tracker.example:7070" stands for every address that the
	// name resolves to, looked up again and again.
	Trackers []string `mapstructure:"trackers" usage:"all trackers: host:port, URL, or dns:name:port"`
	// LookupTimeout bounds what a lookup can add to a pull.
	LookupTimeout time.Duration `mapstructure:"lookup-timeout" usage:"longest wait for the trackers' answer to one lookup"`

	// MirrorListen is where this node's containerd asks. It gives access to
	// everything in the node's store and can start pulls, so it belongs on
	// loopback.
	MirrorListen string `mapstructure:"mirror-listen" usage:"address for this node's containerd"`
	// PeerListen is where neighbours fetch from.
	PeerListen string `mapstructure:"peer-listen" usage:"address for the other seeders"`
	// Advertise is the host:port at which neighbours reach PeerListen.
	// Empty: the address that this node speaks to the tracker from.
	Advertise string `mapstructure:"advertise" usage:"host:port at which peers reach this node (default: found by the tracker)"`
	// MetricsListen serves /metrics, /livez and /readyz.
	MetricsListen string `mapstructure:"metrics-listen" usage:"address for metrics and health"`
	// MaxPeerConns bounds the connections from neighbours; more wait.
	MaxPeerConns int `mapstructure:"max-peer-conns" usage:"largest number of connections from peers"`
	// UploadRate bounds what neighbours may take from this node together,
	// in bytes per second. 0: no bound.
	UploadRate int64 `mapstructure:"upload-rate" usage:"bytes/s sent to peers, all together (0: unlimited)"`

	// Store is "containerd" or "embedded": a store of the seeder's own, for
	// machines without containerd.
	Store string `mapstructure:"store" usage:"where content lives: containerd or embedded"`
	// ContainerdAddress is containerd's socket.
	ContainerdAddress string `mapstructure:"containerd-address" usage:"containerd's socket"`
	// ContainerdNamespace is where the images are; Kubernetes uses k8s.io.
	ContainerdNamespace string `mapstructure:"containerd-namespace" usage:"containerd namespace"`
	// ContainerdContentPath is the folder of containerd's content store.
	// Where it is readable, blobs are served from its files; otherwise over
	// containerd's socket, which costs more.
	ContainerdContentPath string `mapstructure:"containerd-content-path" usage:"folder of containerd's content store"`
	// EmbeddedRoot is the folder of the embedded store.
	EmbeddedRoot string `mapstructure:"embedded-root" usage:"folder of the embedded store"`
	// WalkInterval is the time between looks at the whole store. Garbage
	// collection sends no event, so only a walk, or a request that misses,
	// notices what it took.
	WalkInterval time.Duration `mapstructure:"walk-interval" usage:"time between complete looks at the store"`

	// TagPolicy says for each registry what the mirror does with tags:
	// "fallback" leaves them to the registry while it answers, and serves
	// the newest digest that the cluster knows when it does not; "prefer"
	// always serves the cluster's; "never" leaves them alone. The key "*"
	// is for all other registries.
	TagPolicy map[string]string `mapstructure:"tag-policy" usage:"per registry: fallback, prefer or never; * for all others"`
	// Upstreams are the URLs of registries that are not found by the usual
	// rule (https://<name>, and https://registry-1.docker.io for
	// docker.io).
	Upstreams map[string]string `mapstructure:"upstreams" usage:"URLs of registries, as name=url,…"`

	LogLevel  string `mapstructure:"log-level" usage:"debug, info, warn or error"`
	LogFormat string `mapstructure:"log-format" usage:"text or json"`
}

// Default is the configuration of a node with a usual containerd and no
// tracker.
func Default() Config {
	return Config{
		LookupTimeout:         50 * time.Millisecond,
		MirrorListen:          "127.0.0.1:5001",
		PeerListen:            ":5002",
		MetricsListen:         "127.0.0.1:5003",
		MaxPeerConns:          1024,
		Store:                 "containerd",
		ContainerdAddress:     "/run/containerd/containerd.sock",
		ContainerdNamespace:   "k8s.io",
		ContainerdContentPath: "/var/lib/containerd/io.containerd.content.v1.content",
		EmbeddedRoot:          "/var/lib/dray",
		WalkInterval:          time.Minute,
		LogLevel:              "info",
		LogFormat:             "text",
	}
}

// complete fills in what depends on the machine, and refuses what can't work.
func (c *Config) complete() error {
	if c.NodeName == "" {
		name, err := os.Hostname()
		if err != nil {
			return fmt.Errorf("node-name is not set and the host name is unknown: %w", err)
		}
		c.NodeName = name
	}
	if !slices.Contains([]string{"containerd", "embedded"}, c.Store) {
		return fmt.Errorf("store %q: want containerd or embedded", c.Store)
	}
	if c.Advertise != "" {
		if host, _, err := net.SplitHostPort(c.Advertise); err != nil || host == "" {
			return fmt.Errorf("advertise %q: want host:port", c.Advertise)
		}
	}
	if c.UploadRate < 0 || c.MaxPeerConns < 1 {
		return errors.New("upload-rate can't be negative, and max-peer-conns must be at least 1")
	}
	if c.LookupTimeout <= 0 || c.WalkInterval <= 0 {
		return errors.New("lookup-timeout and walk-interval must be positive")
	}
	return nil
}
