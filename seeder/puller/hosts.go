package puller

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path"
	"sync/atomic"
	"time"

	"github.com/containerd/containerd/v2/core/remotes/docker"
)

// hosts says whom to ask for the content of a registry.
type hosts struct {
	mirror    string            // host:port
	upstreams map[string]string // URLs of registries that are not at https://<name>
	plainHTTP bool              // all registries
	header    http.Header       // to the mirror
	login     *Login            // to the registry
	toMirror  *http.Client
	toOrigin  *http.Client
}

// mirrored is the mirror, then the registry.
func (h *hosts) mirrored(name string) ([]docker.RegistryHost, error) {
	direct, err := h.direct(name)
	if err != nil {
		return nil, err
	}
	mirror := docker.RegistryHost{
		Client:       h.toMirror,
		Scheme:       "http",
		Host:         h.mirror,
		Path:         "/v2",
		Header:       h.header,
		Capabilities: docker.HostCapabilityPull | docker.HostCapabilityResolve,
	}
	return append([]docker.RegistryHost{mirror}, direct...), nil
}

// direct is the registry alone.
func (h *hosts) direct(name string) ([]docker.RegistryHost, error) {
	u, err := h.upstream(name)
	if err != nil {
		return nil, fmt.Errorf("registry %s: %w", name, err)
	}
	return []docker.RegistryHost{{
		Client:       h.toOrigin,
		Authorizer:   docker.NewDockerAuthorizer(docker.WithAuthClient(h.toOrigin), docker.WithAuthCreds(h.login.of(u.Host))),
		Scheme:       u.Scheme,
		Host:         u.Host,
		Path:         path.Join("/", u.Path, "v2"),
		Capabilities: docker.HostCapabilityPull | docker.HostCapabilityResolve,
	}}, nil
}

func (h *hosts) upstream(name string) (*url.URL, error) {
	if configured, ok := h.upstreams[name]; ok {
		return url.Parse(configured)
	}
	scheme := "https"
	if local, err := docker.MatchLocalhost(name); err != nil {
		return nil, err
	} else if local || h.plainHTTP {
		scheme = "http"
	}
	host, err := docker.DefaultHost(name)
	return &url.URL{Scheme: scheme, Host: host}, err
}

// The mirror is in this very process: what it does not answer soon it never
// will. A registry may be far away, and behind a proxy.
const (
	mirrorDial, mirrorHeaders = time.Second, 10 * time.Second
	originDial, originHeaders = 10 * time.Second, 30 * time.Second
)

func mirrorClient(stall time.Duration) *http.Client {
	return &http.Client{Transport: &metered{
		next:  transport(mirrorDial, mirrorHeaders),
		count: func(m *meter) *atomic.Int64 { return &m.mirror },
		stall: stall,
	}}
}

func originClient(stall time.Duration) *http.Client {
	t := transport(originDial, originHeaders)
	t.Proxy = http.ProxyFromEnvironment
	return &http.Client{Transport: &metered{
		next:  t,
		count: func(m *meter) *atomic.Int64 { return &m.origin },
		stall: stall,
	}}
}

func transport(dial, headers time.Duration) *http.Transport {
	return &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dial}).DialContext,
		TLSHandshakeTimeout:   dial,
		ResponseHeaderTimeout: headers,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
		DisableCompression:    true, // blobs are what they are
	}
}
