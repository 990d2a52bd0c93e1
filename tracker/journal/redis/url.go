package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTime = 400 * time.Millisecond
	callTime = 500 * time.Millisecond // of each round trip, dialling included
)

// parse turns a URL into a client's options:
//
//	redis://[user:password@]host[:6379][/db]
//	redis+sentinel://[user:password@]host[:26379],…/master[/db]
//	redis+cluster://[user:password@]host[:6379],…
//
// With rediss instead of redis the connections are TLS. Its parameters are ca,
// cert and key, files in PEM form, and server-name. Sentinels that want a
// login take it from sentinel-user and sentinel-password.
//
// Errors never contain the URL, which may have a password in it.
func parse(raw string) (*goredis.UniversalOptions, error) {
	u, err := url.Parse(raw)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err
		}
		return nil, fmt.Errorf("the URL is malformed: %w", err)
	}
	o := defaults()
	o.Username = u.User.Username()
	o.Password, _ = u.User.Password()
	scheme, topology, _ := strings.Cut(u.Scheme, "+")
	if scheme != "redis" && scheme != "rediss" {
		return nil, fmt.Errorf("scheme %q: want redis or rediss, alone or with +sentinel or +cluster", u.Scheme)
	}
	if err := place(o, topology, u.Path); err != nil {
		return nil, err
	}
	port := "6379"
	if topology == "sentinel" {
		port = "26379"
	}
	if o.Addrs, err = addresses(u.Host, port); err != nil {
		return nil, err
	}
	if len(o.Addrs) > 1 && topology == "" {
		return nil, errors.New("several hosts: want redis+sentinel or redis+cluster")
	}
	return o, parameters(o, u.Query(), scheme == "rediss")
}

func defaults() *goredis.UniversalOptions {
	return &goredis.UniversalOptions{
		ClientName:            "dray",
		DialTimeout:           dialTime,
		DialerRetries:         1,
		ReadTimeout:           callTime,
		WriteTimeout:          callTime,
		PoolTimeout:           callTime,
		ContextTimeoutEnabled: true,
		MaxRetries:            -1, // to try again is the caller's decision
		PoolSize:              2,  // one at a time is used
		PipelinePoolSize:      -1,
		FailingTimeoutSeconds: 1,
		DisableIdentity:       true,
		MaintNotificationsConfig: &maintnotifications.Config{
			Mode: maintnotifications.ModeDisabled,
		},
	}
}

// place understands the URL's path.
func place(o *goredis.UniversalOptions, topology, path string) error {
	path = strings.Trim(path, "/")
	switch topology {
	case "cluster":
		o.IsClusterMode = true
		if path != "" {
			return errors.New("a Cluster has no numbered databases")
		}
		return nil
	case "sentinel":
		o.MasterName, path, _ = strings.Cut(path, "/")
		if o.MasterName == "" {
			return errors.New("the master's name is missing: redis+sentinel://host/master")
		}
	case "":
	default:
		return fmt.Errorf("topology %q: want sentinel or cluster", topology)
	}
	if path == "" {
		return nil
	}
	db, err := strconv.ParseUint(path, 10, 16)
	if err != nil {
		return fmt.Errorf("database %q: want a number", path)
	}
	o.DB = int(db)
	return nil
}

var hostPort = regexp.MustCompile(`^(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+)(:[0-9]+)?$`)

func addresses(hosts, port string) (all []string, err error) {
	for host := range strings.SplitSeq(hosts, ",") {
		m := hostPort.FindStringSubmatch(host)
		if m == nil {
			return nil, fmt.Errorf("host %q: want host or host:port, IPv6 addresses in brackets", host)
		}
		if m[2] == "" {
			host += ":" + port
		}
		all = append(all, host)
	}
	return all, nil
}

// parameters understands what comes after the question mark.
func parameters(o *goredis.UniversalOptions, query url.Values, secure bool) error {
	files := map[string]string{}
	if secure {
		o.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	for name, values := range query {
		value := values[len(values)-1]
		switch name {
		case "sentinel-user":
			o.SentinelUsername = value
		case "sentinel-password":
			o.SentinelPassword = value
		case "ca", "cert", "key", "server-name":
			if !secure {
				return fmt.Errorf("parameter %s is for rediss only", name)
			}
			files[name] = value
		default:
			return fmt.Errorf("parameter %q is unknown", name)
		}
	}
	if !secure {
		return nil
	}
	o.TLSConfig.ServerName = files["server-name"]
	return certificates(o.TLSConfig, files["ca"], files["cert"], files["key"])
}

func certificates(c *tls.Config, ca, cert, key string) error {
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return err
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("there is no certificate in %s", ca)
		}
	}
	if cert != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			return err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return nil
}
