package registry

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	probeTimeout = time.Second
	upFor        = 5 * time.Second // a verdict is kept this long
	downFor      = 2 * time.Second
	maxVerdicts  = 256
)

// upstreams knows which registries answer. A verdict is kept for a few seconds,
// so that a pull costs one probe at most, and many pulls at once share one.
type upstreams struct {
	urls   map[string]string
	client *http.Client
	flight singleflight.Group

	mu       sync.Mutex
	verdicts map[string]verdict // by registry
}

type verdict struct {
	up    bool
	until time.Time
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

// probeClient connects anew for each probe: a pooled connection may lead to a
// host that has died. It follows no redirect: that is an answer too.
func probeClient() *http.Client {
	return &http.Client{
		Timeout: probeTimeout,
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			DialContext:       (&net.Dialer{Timeout: probeTimeout}).DialContext,
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answers reports whether the registry can be left to answer for itself. It
// takes [probeTimeout] at most.
func (u *upstreams) answers(ctx context.Context, registry string) bool {
	if up, ok := u.verdict(registry); ok {
		return up
	}
	up, _, _ := u.flight.Do(registry, func() (any, error) {
		// The first to ask may leave; the others still want to know.
		up := u.probe(context.WithoutCancel(ctx), registry)
		u.remember(registry, up)
		return up, nil
	})
	return up.(bool)
}

func (u *upstreams) verdict(registry string) (up, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	v, ok := u.verdicts[registry]
	return v.up, ok && time.Now().Before(v.until)
}

func (u *upstreams) remember(registry string, up bool) {
	keep := downFor
	if up {
		keep = upFor
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.verdicts) >= maxVerdicts {
		clear(u.verdicts)
	}
	u.verdicts[registry] = verdict{up, time.Now().Add(keep)}
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
