package registry

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// registryThat is an upstream that answers with a status.
func registryThat(t *testing.T, status int) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/v2/" {
			t.Errorf("probed with %s %s", r.Method, r.URL)
		}
		w.Header().Set("Location", "http://127.0.0.1:1/")
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// deadRegistry refuses connections.
func deadRegistry(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

// blackHole accepts connections and never answers.
func blackHole(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "http://" + l.Addr().String()
}

func TestTagPolicies(t *testing.T) {
	up, down := registryThat(t, 200), deadRegistry(t)
	for _, c := range []struct {
		policy, upstream string
		known, served    bool
	}{
		{"", up, true, false},
		{"", down, true, true},
		{"", down, false, false},
		{"fallback", up, true, false},
		{"fallback", down, true, true},
		{"prefer", up, true, true},
		{"prefer", down, true, true},
		{"prefer", down, false, false},
		{"never", up, true, false},
		{"never", down, true, false},
	} {
		b := newBed(t)
		doc, _ := image(1)
		d := b.swarm.add(doc)
		if c.known {
			b.cluster.images["docker.io/library/redis:7"] = trackerapi.Image{Digest: d}
		}
		cfg := MirrorConfig{Upstreams: map[string]string{"docker.io": c.upstream}}
		if c.policy != "" {
			cfg.TagPolicy = map[string]string{"docker.io": c.policy, "*": "never"}
		}
		m := b.mirror(cfg)
		for _, method := range []string{"HEAD", "GET"} {
			res := ask(m, method, "/v2/library/redis/manifests/7?ns=docker.io")
			if (res.StatusCode == http.StatusOK) != c.served || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusNotFound {
				t.Errorf("%+v: %s got %d", c, method, res.StatusCode)
			}
			if c.served && (res.Header.Get("Docker-Content-Digest") != d.String() ||
				res.Header.Get("Content-Type") != typeManifest || res.ContentLength != int64(len(doc))) {
				t.Errorf("%+v: %s got %v", c, method, res.Header)
			}
		}
	}
}

func TestTheNewestDigestIsServed(t *testing.T) {
	old, young := digest.FromString("old"), digest.FromString("young")
	now := time.Now()
	for name, c := range map[string]struct {
		here    store.Image
		cluster trackerapi.Image
		failure error
		want    digest.Digest
	}{
		"cluster's": {store.Image{Digest: old, UpdatedAt: now.Add(-time.Hour)}, trackerapi.Image{Digest: young, UpdatedAt: now}, nil, young},
		"own":       {store.Image{Digest: young, UpdatedAt: now}, trackerapi.Image{Digest: old, UpdatedAt: now.Add(-time.Hour)}, nil, young},
		"only own":  {store.Image{Digest: old, UpdatedAt: now.Add(-time.Hour)}, trackerapi.Image{}, nil, old},
		"no clocks": {store.Image{}, trackerapi.Image{Digest: old}, nil, old},
		"no tracker": {store.Image{Digest: old, UpdatedAt: now.Add(-time.Hour)},
			trackerapi.Image{Digest: young, UpdatedAt: now}, errBoom, old},
		"no digest at all":      {store.Image{}, trackerapi.Image{}, nil, ""},
		"a digest that is none": {store.Image{}, trackerapi.Image{Digest: "sha256:../.."}, nil, ""},
	} {
		b := newBed(t)
		const ref = "quay.io/a/b:v1"
		if c.here.Digest != "" {
			b.inventory.images[ref] = c.here
		}
		b.cluster.images[ref], b.cluster.err = c.cluster, c.failure
		m := b.mirror(MirrorConfig{Upstreams: map[string]string{"quay.io": deadRegistry(t)}})
		got, err := m.tags.resolve(t.Context(), "quay.io", "a/b", "v1")
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: got %s, %v; want %s", name, got, err, c.want)
		}
	}
}

func TestUnknownNamesAreNotProbed(t *testing.T) {
	var probes atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { probes.Add(1) }))
	defer s.Close()
	b := newBed(t)
	m := b.mirror(MirrorConfig{Upstreams: map[string]string{"quay.io": s.URL}})
	for _, query := range []string{"?ns=quay.io", "?ns=", "?ns=a/b", ""} {
		wantError(t, ask(m, "GET", "/v2/a/manifests/v1"+query), 404, codeManifestUnknown)
	}
	if n := probes.Load(); n != 0 {
		t.Errorf("%d probes", n)
	}
}

func TestWithoutARegistryNoTagIsKnown(t *testing.T) {
	for registry, status := range map[string]int{"": 404, "quay.io": 200} {
		b := newBed(t)
		doc, _ := image(1)
		b.inventory.images["quay.io/a/b:v1"] = store.Image{Digest: b.put(doc)}
		m := b.mirror(MirrorConfig{TagPolicy: map[string]string{"*": "prefer"}, DefaultRegistry: registry})
		if res := ask(m, "GET", "/v2/a/b/manifests/v1"); res.StatusCode != status {
			t.Errorf("default registry %q: got %d", registry, res.StatusCode)
		}
		if res := ask(m, "GET", "/v2/a/b/manifests/v1?ns=bad/registry"); res.StatusCode != http.StatusNotFound {
			t.Errorf("default registry %q, malformed ns: got %d", registry, res.StatusCode)
		}
	}
}

func TestAFallbackIsLoggedWithItsAgeAndCounted(t *testing.T) {
	b := newBed(t)
	doc, _ := image(1)
	b.inventory.images["quay.io/a/b:v1"] = store.Image{Digest: b.put(doc), UpdatedAt: time.Now().Add(-3 * time.Hour)}
	m := b.mirror(MirrorConfig{Upstreams: map[string]string{"quay.io": deadRegistry(t)}})
	var out strings.Builder
	m.tags.log = textLog(&out)
	ask(m, "GET", "/v2/a/b/manifests/v1?ns=quay.io")
	if line := out.String(); !strings.Contains(line, "level=WARN") || !strings.Contains(line, "age=3h0m0s") ||
		!strings.Contains(line, "quay.io/a/b:v1") {
		t.Errorf("logged %q", line)
	}
	if n := testutil.ToFloat64(m.tags.fallbacks); n != 1 {
		t.Errorf("counted %v", n)
	}
}

func TestWhatCountsAsAnAnswer(t *testing.T) {
	private := httptest.NewTLSServer(http.NotFoundHandler())
	private.Config.ErrorLog = quietLog()
	t.Cleanup(private.Close)
	strict := httptest.NewUnstartedServer(http.NotFoundHandler())
	strict.Config.ErrorLog = quietLog()
	strict.TLS = &tls.Config{MinVersion: tls.VersionTLS13, MaxVersion: tls.VersionTLS13, ClientAuth: tls.RequireAnyClientCert}
	strict.StartTLS()
	t.Cleanup(strict.Close)
	plain := strings.Replace(registryThat(t, 200), "http://", "https://", 1)
	for name, c := range map[string]struct {
		url  string
		want bool
	}{
		"200":                      {registryThat(t, 200), true},
		"401":                      {registryThat(t, 401), true},
		"404":                      {registryThat(t, 404), true},
		"429":                      {registryThat(t, 429), true},
		"a redirect":               {registryThat(t, 307), true},
		"500":                      {registryThat(t, 500), false},
		"503":                      {registryThat(t, 503), false},
		"a private CA":             {private.URL, true},
		"a client certificate":     {strict.URL, true},
		"plain HTTP on HTTPS port": {plain, true},
		"a refused connection":     {deadRegistry(t), false},
		"no answer":                {blackHole(t), false},
		"a name that is no name":   {"http://registry.invalid", false},
		"a slash at the end":       {registryThat(t, 200) + "/", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := newUpstreams(map[string]string{"r": c.url})
			if err != nil {
				t.Fatal(err)
			}
			if c.want { // however busy this machine is
				u.client.Timeout = 30 * time.Second
			}
			if c.url == strict.URL { // trust it, to get to the point where it refuses
				u.client.Transport.(*http.Transport).TLSClientConfig = strict.Client().Transport.(*http.Transport).TLSClientConfig
			}
			if got := u.answers(t.Context(), "r"); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestRegistriesAreWhereContainerdLooksForThem(t *testing.T) {
	u, _ := newUpstreams(map[string]string{"private.example": "http://10.0.0.1:5000"})
	for registry, want := range map[string]string{
		"docker.io":       "https://registry-1.docker.io",
		"quay.io":         "https://quay.io",
		"localhost:5000":  "https://localhost:5000",
		"private.example": "http://10.0.0.1:5000",
	} {
		if got := u.url(registry); got != want {
			t.Errorf("%s: got %s", registry, got)
		}
	}
}

// transport answers probes inside a synctest bubble.
type transport func() error

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := t(); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

func TestAVerdictIsKeptForAWhile(t *testing.T) {
	for _, c := range []struct {
		err  error
		keep time.Duration
	}{{nil, upFor}, {errBoom, downFor}} {
		synctest.Test(t, func(t *testing.T) {
			probes := 0
			u, _ := newUpstreams(nil)
			u.client.Transport = transport(func() error { probes++; return c.err })
			u.answers(t.Context(), "r")
			<-time.After(c.keep - 1)
			if got := u.answers(t.Context(), "r"); got != (c.err == nil) || probes != 1 {
				t.Errorf("%v: got %v after %d probes", c.err, got, probes)
			}
			<-time.After(1)
			if u.answers(t.Context(), "r"); probes != 2 {
				t.Errorf("%v: %d probes", c.err, probes)
			}
		})
	}
}

// fading is a registry that answers once, and then never again.
type fading struct{ answered bool }

func (f *fading) RoundTrip(r *http.Request) (*http.Response, error) {
	if f.answered {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	f.answered = true
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
}

func TestARegistryThatHasJustVanishedIsFoundOutSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		u, _ := newUpstreams(nil)
		u.client.Transport = &fading{}
		if !u.answers(t.Context(), "r") {
			t.Fatal("it did not answer while it was there")
		}
		<-time.After(upFor)
		began := time.Now()
		if up, took := u.answers(t.Context(), "r"), time.Since(began); up || took != againTimeout {
			t.Errorf("it answers: %v, after %s", up, took)
		}
	})
}

func TestProbesShareAConnection(t *testing.T) {
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("{}")) }))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	u, _ := newUpstreams(map[string]string{"r": s.URL})
	t.Cleanup(u.client.CloseIdleConnections)
	for range 5 {
		if !u.probe(t.Context(), "r") {
			t.Error("no answer")
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

func TestManyQuestionsAtOnceAreOneProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var probes atomic.Int32
		u, _ := newUpstreams(nil)
		u.client.Transport = transport(func() error {
			probes.Add(1)
			<-time.After(100 * time.Millisecond)
			return nil
		})
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if !u.answers(t.Context(), "r") {
					t.Error("the registry answered one, but not the other")
				}
			})
		}
		wg.Wait()
		if n := probes.Load(); n != 1 {
			t.Errorf("%d probes", n)
		}
	})
}

func TestVerdictsAreBounded(t *testing.T) {
	u, _ := newUpstreams(nil)
	u.client.Transport = transport(func() error { return errors.New("down") })
	for i := range 10 * maxVerdicts {
		u.answers(t.Context(), "r"+string(rune('a'+i%26))+strings.Repeat("x", i/26))
	}
	if n := len(u.verdicts); n > maxVerdicts {
		t.Errorf("%d verdicts kept", n)
	}
}

func FuzzReference(f *testing.F) {
	f.Add("library/redis", "7", "docker.io")
	f.Add("a/../b", "-x", "[::1]:5000")
	b := newBed(f)
	m := b.mirror(MirrorConfig{})
	f.Fuzz(func(t *testing.T, repository, tag, registry string) {
		r := httptest.NewRequest(http.MethodGet, "http://mirror/", nil)
		r.URL.Path = "/v2/" + repository + "/manifests/" + tag
		q := r.URL.Query()
		q.Set("ns", registry)
		r.URL.RawQuery = q.Encode()
		if got := registryOf(r); got != "" && got != registry {
			t.Fatalf("%q became %q", registry, got)
		}
		w := httptest.NewRecorder()
		if m.ServeHTTP(w, r); w.Code != http.StatusNotFound {
			t.Fatalf("got %d", w.Code)
		}
	})
}
