package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// probeTimeout is for a registry's first answer. One that has answered
	// lately, and so is known to be near enough, has no longer than
	// againTimeout; nor has any for the connection alone.
	probeTimeout = time.Second
	againTimeout = 400 * time.Millisecond
	lately       = 5 * time.Minute

	// A verdict is kept this long. A registry that has vanished would cost
	// the pull that is left to it containerd's 30 s: that it answers has to
	// be fresh.
	upFor       = 300 * time.Millisecond
	downFor     = 2 * time.Second
	maxVerdicts = 256

	// idleTime is shorter than what middleboxes forget connections after.
	idleTime = 30 * time.Second
	maxDrain = 4 << 10 // bytes of an answer that are read to keep its connection
)

// upstreams knows which registries answer. Pulls that come together share one
// probe, and a pull costs one at most: a question on a connection that is open
// already, if the registry has kept it.
type upstreams struct {
	urls   map[string]string
	client *http.Client
	flight singleflight.Group

	mu       sync.Mutex
	verdicts map[string]verdict // by registry
}

type verdict struct {
	up       bool
	until    time.Time
	answered time.Time // the last time; zero: never
}

func newUpstreams(urls map[string]string) (*upstreams, error) {
	for registry, u := range urls {
		p, err := url.Parse(u)
		if err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
			return nil, fmt.Errorf("upstream %q of %s: want http://… or https://…", u, registry)
		}
	}
	return &upstreams{urls: urls, client: probeClient(), verdicts: map[string]verdict{}}, nil
}

// probeClient keeps a connection to each registry, as containerd does. When that
// leads to a host that has died there is no answer, as there is none for
// containerd. It follows no redirect: that is an answer too.
func probeClient() *http.Client {
	return &http.Client{
		Timeout: probeTimeout,
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: againTimeout}).DialContext,
			MaxIdleConnsPerHost: 1,
			MaxIdleConns:        maxVerdicts,
			IdleConnTimeout:     idleTime,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answers reports whether the registry can be left to answer for itself. It
// takes [probeTimeout] at most, and [againTimeout] where the registry has
// answered lately.
func (u *upstreams) answers(ctx context.Context, registry string) bool {
	last := u.verdict(registry)
	if time.Now().Before(last.until) {
		return last.up
	}
	up, _, _ := u.flight.Do(registry, func() (any, error) {
		// The first to ask may leave; the others still want to know.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), last.patience())
		defer cancel()
		up := u.probe(ctx, registry)
		u.remember(registry, last.next(up, time.Now()))
		return up, nil
	})
	return up.(bool)
}

// patience is how long the next answer may take.
func (v verdict) patience() time.Duration {
	if time.Since(v.answered) < lately {
		return againTimeout
	}
	return probeTimeout
}

func (v verdict) next(up bool, now time.Time) verdict {
	if up {
		return verdict{up: true, until: now.Add(upFor), answered: now}
	}
	return verdict{until: now.Add(downFor), answered: v.answered}
}

// verdict is the last one, or the zero one.
func (u *upstreams) verdict(registry string) verdict {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.verdicts[registry]
}

func (u *upstreams) remember(registry string, v verdict) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if _, known := u.verdicts[registry]; !known && len(u.verdicts) >= maxVerdicts {
		clear(u.verdicts)
	}
	u.verdicts[registry] = v
}

func (u *upstreams) probe(ctx context.Context, registry string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.url(registry)+"/v2/", nil)
	if err != nil {
		return false
	}
	res, err := u.client.Do(r)
	if err != nil {
		return isTLS(err)
	}
	_, _ = io.CopyN(io.Discard, res.Body, maxDrain)
	res.Body.Close()
	return res.StatusCode < http.StatusInternalServerError
}

// url is where containerd would go.
func (u *upstreams) url(registry string) string {
	if url, ok := u.urls[registry]; ok {
		return strings.TrimRight(url, "/")
	}
	if registry == "docker.io" {
		return "https://registry-1.docker.io"
	}
	return "https://" + registry
}

// isTLS recognises the errors of a server that is there, but which containerd's
// own settings may be needed to talk to: a private CA, a client certificate,
// plain HTTP. crypto/tls gives alerts no other type than a "remote error".
func isTLS(err error) bool {
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "remote error" {
		return true
	}
	_, certificate := errors.AsType[*tls.CertificateVerificationError](err)
	_, record := errors.AsType[tls.RecordHeaderError](err)
	return certificate || record || errors.Is(err, http.ErrSchemeMismatch)
}
