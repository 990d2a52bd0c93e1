package app

import (
	"errors"
	"fmt"
	"time"

	"github.com/drayproject/dray/tracker/swarm"
)

// Config is everything that a tracker can be told. Each field is a flag, a key
// of the configuration file and, as DRAY_ADMIN_LISTEN and so on, an
// environment variable.
type Config struct {
	// Listen is where the seeders come.
	Listen string `mapstructure:"listen" usage:"address for the seeders"`
	// AdminListen serves the admin API, the dashboard (at /), /livez, /readyz
	// and /metrics.
	AdminListen string `mapstructure:"admin-listen" usage:"address for people, metrics and health"`
	// AdminToken, when set, is needed for everything on AdminListen, as
	// "Authorization: Bearer …", but for /livez, the status of /readyz
	// and the dashboard's files, which hold no data.
	// Without it, whoever reaches AdminListen can drain nodes. The flag can
	// be seen in the list of processes: better give it as DRAY_ADMIN_TOKEN,
	// or in a file.
	AdminToken string `mapstructure:"admin-token" usage:"token that people need; unset: none"`
	// AdminTokenFile has the token instead. It is read at the start.
	AdminTokenFile string `mapstructure:"admin-token-file" usage:"file with the token that people need"`
	// MaxConns bounds the seeders' connections; more wait. Every seeder
	// keeps one or a few open.
	MaxConns int `mapstructure:"max-conns" usage:"largest number of connections from seeders"`

	// HeartbeatInterval is the time between a node's signs of life; the
	// seeders learn it from here. Shorter finds silent deaths earlier and
	// costs more; see HeartbeatRate.
	HeartbeatInterval time.Duration `mapstructure:"heartbeat-interval" usage:"least time between heartbeats, which the seeders are told"`
	// HeartbeatRate is how many heartbeats a second this tracker is to bear.
	// Where the nodes would send more, their interval grows, to the number of
	// nodes divided by this: at 7000, 15 000 nodes are told 2.1s. A node's
	// silence is measured by what it was told, so a silent death is noticed
	// later by as much. The longest is a minute, or what leaves PurgeAfter
	// room for every verdict. 0: the interval never grows.
	HeartbeatRate int `mapstructure:"heartbeat-rate" usage:"heartbeats per second for which the interval grows; 0: it never does"`
	// SuspectAfter so many missed heartbeats a node is given last. A
	// heartbeat is missed when it is a quarter of the interval late.
	SuspectAfter int `mapstructure:"suspect-after" usage:"missed heartbeats after which a node is given last"`
	// DeadAfter so many missed heartbeats a node is not given any more.
	DeadAfter int `mapstructure:"dead-after" usage:"missed heartbeats after which a node is not given any more"`
	// PurgeAfter so much silence a node is forgotten, with all it holds.
	// Until then it is back with its first heartbeat.
	PurgeAfter time.Duration `mapstructure:"purge-after" usage:"silence after which a node is forgotten"`

	// ProbeTimeout bounds one look at a node's data port: a few round trips
	// to the most distant node, and time for it to be busy.
	ProbeTimeout time.Duration `mapstructure:"probe-timeout" usage:"time within which a node's data port must answer"`
	// MinArrival and MaxDeaths limit what silence alone may do; evidence,
	// such as a refused connection, is not held back by them.
	MinArrival int `mapstructure:"min-arrival" usage:"percentage of the nodes that must be heard for silence to condemn any"`
	MaxDeaths  int `mapstructure:"max-deaths" usage:"percentage of the nodes, but at least one, that silence may condemn within 10s"`

	// OriginWait is how long a node may wait, at most, while another gets
	// what it wants from the registry and has no byte yet, or has no place
	// free; a seeder may want less. It may also wait again, as long as the
	// registry is busy sending to others. 0 lets nobody wait: the first of a crowd
	// goes to the registry, and so does everybody else who comes before its
	// first bytes are there.
	OriginWait time.Duration `mapstructure:"origin-wait" usage:"longest wait for another node's first bytes; 0: none"`
	// OriginStart is the time within which a node that was given the leave
	// to go to the registry must have a byte. Then another is given it. It is
	// 12 times as long while the registry sends something else to the cluster,
	// and 28 times while that node gets something else: it gets three layers
	// at a time.
	OriginStart time.Duration `mapstructure:"origin-start" usage:"time within which an origin lease must be used"`
	// OriginPerZone gives that leave to one node in each zone, so that what
	// is cold crosses no zone.
	OriginPerZone bool `mapstructure:"origin-per-zone" usage:"one origin lease for each zone instead of one for all"`
	// OriginStreams is how many leases one registry has to bear at a time.
	// Who has waited for long enough goes there without a lease.
	OriginStreams int `mapstructure:"origin-streams" usage:"origin leases that a registry has to bear at a time; 0: no bound"`

	// Redis is the trackers' common memory. With it, trackers share what
	// they know, and one that starts knows it all before any node has
	// announced itself. Unset, a tracker is filled by the seeders alone.
	//
	//	redis://[user:password@]host[:6379][/db]
	//	redis+sentinel://[user:password@]host[:26379],…/master[/db]
	//	redis+cluster://[user:password@]host[:6379],…
	//
	// rediss instead of redis is TLS; ?ca=, &cert= and &key= name files.
	Redis string `mapstructure:"redis" usage:"URL of the trackers' common memory; unset: none"`
	// RedisPrefix is how all keys begin. No other key is touched.
	RedisPrefix string `mapstructure:"redis-prefix" usage:"beginning of all keys in Redis"`

	// TraceEndpoint is the URL of an OpenTelemetry collector that takes OTLP
	// over HTTP, such as http://collector:4318. A tracker adds its part to
	// the traces that seeders begin. Empty: what the environment variable
	// OTEL_EXPORTER_OTLP_ENDPOINT says; without that nothing is traced.
	TraceEndpoint string `mapstructure:"trace-endpoint" usage:"URL of an OpenTelemetry collector (OTLP over HTTP); unset: no tracing"`

	// PoliciesFile has replication policies, as YAML with the one key
	// "policies" and the fields of the admin API. They are the file's: the
	// API shows them and changes none of them. It is read again when it
	// changes; a broken one is refused at the start, and later leaves the
	// policies as they were. Give all trackers the same one. Several trackers
	// that place content need redis, too: without it each would act for
	// itself.
	PoliciesFile string `mapstructure:"policies-file" usage:"file with replication policies, which it then owns"`
	// PlacementReserve is the share of each node's file system, in percent,
	// that replicas leave free. It should be more than what the kubelet and
	// the seeder (min-free-disk) call too little.
	PlacementReserve int `mapstructure:"placement-reserve" usage:"percentage of a node's disk that replicas leave free"`
	// PlacementMaxAway is the share of a policy's nodes, in percent, that may
	// be away at once. When more are, its copies are not made anew: it is a
	// disaster, or an error, and copying would help against neither.
	PlacementMaxAway int `mapstructure:"placement-max-away" usage:"percentage of a policy's nodes that may be away for it to go on"`
	// PullSecretsDir has the credentials that policies and jobs name: for
	// each a folder with a file .dockerconfigjson in it, as Kubernetes mounts
	// its Secrets. It is read when a node is told to pull, and sent to that
	// node alone; without TLS on the way, whoever can listen there reads it.
	PullSecretsDir string `mapstructure:"pull-secrets-dir" usage:"folder with credentials for registries"`

	LogLevel  string `mapstructure:"log-level" usage:"debug, info, warn or error"`
	LogFormat string `mapstructure:"log-format" usage:"text or json"`
}

// Default is the configuration of a lone tracker.
func Default() Config {
	return Config{
		Listen:            ":7070",
		AdminListen:       "127.0.0.1:7071",
		MaxConns:          65_536,
		HeartbeatInterval: time.Second,
		HeartbeatRate:     7000,
		SuspectAfter:      2,
		DeadAfter:         3,
		PurgeAfter:        10 * time.Minute,
		ProbeTimeout:      100 * time.Millisecond,
		MinArrival:        85,
		MaxDeaths:         1,
		OriginWait:        swarm.DefaultRules().Wait,
		OriginStart:       swarm.DefaultRules().Start,
		RedisPrefix:       "dray:",
		PlacementReserve:  15,
		PlacementMaxAway:  50,
		LogLevel:          "info",
		LogFormat:         "text",
	}
}

func (c *Config) rules() swarm.Rules {
	return swarm.Rules{Wait: c.OriginWait, Start: c.OriginStart, PerZone: c.OriginPerZone, PerRegistry: c.OriginStreams}
}

// check refuses what can't work.
func (c *Config) check() error {
	if err := c.checkLiveness(); err != nil {
		return err
	}
	switch {
	case c.OriginWait < 0 || c.OriginWait > nodesDrain:
		return fmt.Errorf("origin-wait must be between 0 and %v", nodesDrain)
	case c.OriginStart < 50*time.Millisecond:
		return errors.New("origin-start must be at least 50ms")
	case c.OriginStreams < 0:
		return errors.New("origin-streams must not be negative")
	case c.PlacementReserve < 1 || c.PlacementReserve > 90:
		return errors.New("placement-reserve must be between 1 and 90")
	case c.PlacementMaxAway < 1 || c.PlacementMaxAway > 100:
		return errors.New("placement-max-away must be between 1 and 100")
	case c.MaxConns < 1:
		return errors.New("max-conns must be at least 1")
	}
	return c.tracing("").Check()
}

func (c *Config) checkLiveness() error {
	switch {
	case c.HeartbeatInterval < 100*time.Millisecond:
		return errors.New("heartbeat-interval must be at least 100ms")
	case c.HeartbeatRate < 0:
		return errors.New("heartbeat-rate must not be negative")
	case c.SuspectAfter < 1 || c.DeadAfter < c.SuspectAfter:
		return errors.New("suspect-after must be at least 1, and dead-after no less than that")
	case c.PurgeAfter < time.Duration(c.DeadAfter+1)*c.HeartbeatInterval:
		return errors.New("purge-after must be longer than it takes to be dead")
	case c.ProbeTimeout < time.Millisecond || c.ProbeTimeout > c.HeartbeatInterval:
		return errors.New("probe-timeout must be between 1ms and heartbeat-interval")
	case min(c.MinArrival, c.MaxDeaths) < 0 || max(c.MinArrival, c.MaxDeaths) > 100:
		return errors.New("min-arrival and max-deaths must be percentages")
	}
	return nil
}
