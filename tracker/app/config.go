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
	// costs more: at 1s, 15 000 nodes send 15 000 requests per second to
	// every tracker.
	HeartbeatInterval time.Duration `mapstructure:"heartbeat-interval" usage:"time between heartbeats, which the seeders are told"`
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
	// free; a seeder may want less. 0 lets nobody wait: the first of a crowd
	// goes to the registry, and so does everybody else who comes before its
	// first bytes are there.
	OriginWait time.Duration `mapstructure:"origin-wait" usage:"longest wait for another node's first bytes; 0: none"`
	// OriginStart is the time within which a node that was given the leave
	// to go to the registry must have a byte. Then another is given it.
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
		SuspectAfter:      2,
		DeadAfter:         3,
		PurgeAfter:        10 * time.Minute,
		ProbeTimeout:      100 * time.Millisecond,
		MinArrival:        85,
		MaxDeaths:         1,
		OriginWait:        swarm.DefaultRules().Wait,
		OriginStart:       swarm.DefaultRules().Start,
		RedisPrefix:       "dray:",
		LogLevel:          "info",
		LogFormat:         "text",
	}
}

func (c *Config) rules() swarm.Rules {
	return swarm.Rules{Wait: c.OriginWait, Start: c.OriginStart, PerZone: c.OriginPerZone, PerRegistry: c.OriginStreams}
}

// check refuses what can't work.
func (c *Config) check() error {
	switch {
	case c.HeartbeatInterval < 100*time.Millisecond:
		return errors.New("heartbeat-interval must be at least 100ms")
	case c.SuspectAfter < 1 || c.DeadAfter < c.SuspectAfter:
		return errors.New("suspect-after must be at least 1, and dead-after no less than that")
	case c.PurgeAfter < time.Duration(c.DeadAfter+1)*c.HeartbeatInterval:
		return errors.New("purge-after must be longer than it takes to be dead")
	case c.ProbeTimeout < time.Millisecond || c.ProbeTimeout > c.HeartbeatInterval:
		return errors.New("probe-timeout must be between 1ms and heartbeat-interval")
	case min(c.MinArrival, c.MaxDeaths) < 0 || max(c.MinArrival, c.MaxDeaths) > 100:
		return errors.New("min-arrival and max-deaths must be percentages")
	case c.OriginWait < 0 || c.OriginWait > nodesDrain:
		return fmt.Errorf("origin-wait must be between 0 and %v", nodesDrain)
	case c.OriginStart < 50*time.Millisecond:
		return errors.New("origin-start must be at least 50ms")
	case c.OriginStreams < 0:
		return errors.New("origin-streams must not be negative")
	case c.MaxConns < 1:
		return errors.New("max-conns must be at least 1")
	}
	return nil
}
