package app

import (
	"errors"
	"time"
)

// Config is everything that a tracker can be told. Each field is a flag, a key
// of the configuration file and, as DRAY_ADMIN_LISTEN and so on, an
// environment variable.
type Config struct {
	// Listen is where the seeders come.
	Listen string `mapstructure:"listen" usage:"address for the seeders"`
	// AdminListen serves /livez, /readyz and /metrics.
	AdminListen string `mapstructure:"admin-listen" usage:"address for metrics and health"`
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
		RedisPrefix:       "dray:",
		LogLevel:          "info",
		LogFormat:         "text",
	}
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
	case c.MaxConns < 1:
		return errors.New("max-conns must be at least 1")
	}
	return nil
}
