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
	// LookupTimeout bounds what a lookup can add to a pull, and what trackers
	// that are down can. One whose heartbeats pass is waited for up to half of
	// OriginWait, where otherwise one more copy would come from the registry.
	LookupTimeout time.Duration `mapstructure:"lookup-timeout" usage:"longest wait for the trackers' answer to one lookup"`
	// OriginWait is how long a request may wait while another node gets the
	// same content from the registry, or while those who have it are busy; the
	// time that a tracker needs for its answer is a part of it.
	// After it containerd is sent to the registry as well; where a tracker
	// says that the registry is busy sending to others, after up to twenty
	// times as long, and at most 20s. It must stay well below the 30 s after which
	// containerd gives the mirror up. 0: nobody waits.
	OriginWait time.Duration `mapstructure:"origin-wait" usage:"longest wait for another node that is getting the same content from the registry (0: none)"`

	// MirrorListen is where this node's containerd asks. It gives access to
	// everything in the node's store and can start pulls, so it belongs on
	// loopback.
	MirrorListen string `mapstructure:"mirror-listen" usage:"address for this node's containerd"`
	// MirrorShielded says that something else than its address keeps others
	// from MirrorListen, such as a network policy. Only the doctor asks.
	MirrorShielded bool `mapstructure:"mirror-shielded" usage:"something else than its address keeps others from the mirror; the doctor then does not warn"`
	// PeerListen is where neighbours fetch from.
	PeerListen string `mapstructure:"peer-listen" usage:"address for the other seeders"`
	// Advertise is the host:port at which neighbours reach PeerListen.
	// Empty: the address that this node speaks to the tracker from.
	Advertise string `mapstructure:"advertise" usage:"host:port at which peers reach this node (default: found by the tracker)"`
	// MetricsListen serves /metrics, /livez and /readyz.
	MetricsListen string `mapstructure:"metrics-listen" usage:"address for metrics and health"`
	// MaxPeerConns bounds the connections from neighbours; more wait.
	MaxPeerConns int `mapstructure:"max-peer-conns" usage:"largest number of connections from peers"`
	// UploadSlots bounds how many blobs neighbours are sent at one time.
	// Whoever comes then is told at once that the node is busy, and asks the
	// next. 0: no bound.
	UploadSlots int `mapstructure:"upload-slots" usage:"blobs sent to peers at one time (0: unlimited)"`
	// UploadRate bounds what neighbours may take from this node together,
	// in bytes per second. 0: no bound.
	UploadRate int64 `mapstructure:"upload-rate" usage:"bytes/s sent to peers, all together (0: unlimited)"`

	// DownloadRate bounds what this node takes from neighbours for all of its
	// pulls together, in bytes per second. What comes from a registry is not
	// bounded. Less than 1 MiB/s would be taken for a standstill. 0: no bound.
	DownloadRate int64 `mapstructure:"download-rate" usage:"bytes/s taken from peers, all together (0: unlimited)"`

	// FetchSources is from how many neighbours a blob may come at a time. More
	// than one are asked only where the first does not fill this node's link,
	// and the others have nothing else to send. 1: never.
	FetchSources int `mapstructure:"fetch-sources" usage:"neighbours that a blob may come from at one time (1: only one)"`
	// FetchWindow bounds what is kept in memory of one blob until it is the
	// turn of its bytes, in bytes, and FetchMemory that of all blobs together.
	FetchWindow int64 `mapstructure:"fetch-window" usage:"bytes of one blob that are kept in memory when it comes from several neighbours"`
	FetchMemory int64 `mapstructure:"fetch-memory" usage:"bytes of all blobs that are kept in memory when they come from several neighbours"`

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
	// ContainerdSnapshotter is what images are unpacked with that a tracker
	// wants unpacked.
	ContainerdSnapshotter string `mapstructure:"containerd-snapshotter" usage:"containerd snapshotter, for images that are to be unpacked"`
	// EmbeddedRoot is the folder of the embedded store.
	EmbeddedRoot string `mapstructure:"embedded-root" usage:"folder of the embedded store"`
	// WalkInterval is the time between looks at the whole store. Garbage
	// collection sends no event, so only a walk, or a request that misses,
	// notices what it took.
	WalkInterval time.Duration `mapstructure:"walk-interval" usage:"time between complete looks at the store"`

	// MinFreeDisk is the free share of content's file system, in percent,
	// below which neighbours are told to ask other nodes first: kubelet is
	// about to delete images there. 0: never. Where the folder can't be
	// reached the node counts as well.
	MinFreeDisk int `mapstructure:"min-free-disk" usage:"percentage of free disk below which other nodes are asked first (0: never)"`

	// WorkParallel is how many images the trackers may have this node get at
	// one time, for replicas and prewarming. Pulls that somebody waits for come
	// first anyway.
	WorkParallel int `mapstructure:"work-parallel" usage:"images got at one time for the trackers"`

	// ContainerdConfig is containerd's configuration file. Only the doctor
	// reads it, and only where the running containerd can't be asked for its
	// configuration, as from a container with PIDs of its own.
	ContainerdConfig string `mapstructure:"containerd-config" usage:"containerd's configuration file, for the doctor where it can't ask containerd itself"`
	// Doctor has the seeder examine its node when it has started, as "seeder
	// doctor" does, and now and then as long as there are faults: it warns of
	// each, and runs on. Its containerd pulls
	// an image of a few hundred bytes from the mirror for that, and removes
	// it.
	Doctor bool `mapstructure:"doctor" usage:"at the start, look for what is wrong with this node, and warn of it"`

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

	// TraceEndpoint is the URL of an OpenTelemetry collector that takes OTLP
	// over HTTP, such as http://collector:4318. Empty: what the environment
	// variable OTEL_EXPORTER_OTLP_ENDPOINT says; without that nothing is
	// traced.
	TraceEndpoint string `mapstructure:"trace-endpoint" usage:"URL of an OpenTelemetry collector (OTLP over HTTP); unset: no tracing"`
	// TraceRatio is the share of the mirror's requests of which a trace is
	// made, from 0 to 1. A containerd that traces its pulls decides for the
	// mirror, too.
	TraceRatio float64 `mapstructure:"trace-ratio" usage:"share of requests that are traced, 0 to 1"`

	LogLevel  string `mapstructure:"log-level" usage:"debug, info, warn or error"`
	LogFormat string `mapstructure:"log-format" usage:"text or json"`
}

// Default is the configuration of a node with a usual containerd and no
// tracker.
func Default() Config {
	return Config{
		LookupTimeout:         50 * time.Millisecond,
		OriginWait:            time.Second,
		MirrorListen:          "127.0.0.1:5001",
		PeerListen:            ":5002",
		MetricsListen:         "127.0.0.1:5003",
		MaxPeerConns:          1024,
		UploadSlots:           64,
		FetchSources:          4,
		FetchWindow:           32 << 20,
		FetchMemory:           64 << 20,
		Store:                 "containerd",
		ContainerdAddress:     "/run/containerd/containerd.sock",
		ContainerdNamespace:   "k8s.io",
		ContainerdContentPath: "/var/lib/containerd/io.containerd.content.v1.content",
		ContainerdSnapshotter: "overlayfs",
		EmbeddedRoot:          "/var/lib/dray",
		WorkParallel:          2,
		ContainerdConfig:      "/etc/containerd/config.toml",
		Doctor:                true,
		WalkInterval:          time.Minute,
		MinFreeDisk:           10,
		TraceRatio:            1,
		LogLevel:              "info",
		LogFormat:             "text",
	}
}

// minDownloadRate leaves even the slowest of a few dozen pulls something to do
// within the time in which neighbours give a reader up.
const minDownloadRate = 1 << 20

// What is fetched ahead of its turn. A window is a few pieces.
const (
	maxFetchSources = 8
	minFetchWindow  = 4 << 20
	maxFetchWindow  = 32 << 20
)

// checkFetch refuses numbers that can't work.
func (c *Config) checkFetch() error {
	if c.FetchSources < 1 || c.FetchSources > maxFetchSources {
		return fmt.Errorf("fetch-sources must be between 1 and %d", maxFetchSources)
	}
	if c.FetchWindow < minFetchWindow || c.FetchWindow > maxFetchWindow || c.FetchMemory < minFetchWindow {
		return fmt.Errorf("fetch-window must be between %d and %d, and fetch-memory at least %d", minFetchWindow, maxFetchWindow, minFetchWindow)
	}
	return nil
}

// contentPath is the folder that content is in.
func (c *Config) contentPath() string {
	if c.Store == "embedded" {
		return c.EmbeddedRoot
	}
	return c.ContainerdContentPath
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
	if min(c.UploadRate, int64(c.UploadSlots)) < 0 || c.MaxPeerConns < 1 {
		return errors.New("upload-rate and upload-slots can't be negative, and max-peer-conns must be at least 1")
	}
	if c.DownloadRate != 0 && c.DownloadRate < minDownloadRate {
		return fmt.Errorf("download-rate must be 0 or at least %d", minDownloadRate)
	}
	if c.WorkParallel < 1 {
		return errors.New("work-parallel must be at least 1")
	}
	if c.MinFreeDisk < 0 || c.MinFreeDisk > 99 {
		return errors.New("min-free-disk must be between 0 and 99")
	}
	return errors.Join(c.tracing().Check(), c.checkFetch(), c.checkTimes())
}

func (c *Config) checkTimes() error {
	if c.OriginWait < 0 || c.OriginWait > 20*time.Second {
		return errors.New("origin-wait must be between 0 and 20s")
	}
	if c.LookupTimeout <= 0 || c.WalkInterval <= 0 {
		return errors.New("lookup-timeout and walk-interval must be positive")
	}
	return nil
}
