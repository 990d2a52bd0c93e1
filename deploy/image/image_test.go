package main

import (
	"archive/tar"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
)

// stand puts this test's own binary, which is one that Go has built, where the
// programs are looked for.
func stand(t *testing.T) compiled {
	t.Helper()
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := compiled{platform: v1.Platform{OS: "linux", Architecture: "arm64"}, dir: t.TempDir()}
	for _, p := range programs {
		if err := os.Symlink(own, filepath.Join(c.dir, p.name)); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func TestImagesHaveTheProgramAndWhatItNeeds(t *testing.T) {
	c := stand(t)
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			img, err := p.image(c)
			if err != nil {
				t.Fatal(err)
			}
			config, err := img.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			if config.Architecture != "arm64" || config.Config.User != p.user || config.Config.Entrypoint[0] != "/"+p.name {
				t.Errorf("config %+v", config)
			}
			if l := config.Config.Labels; l["org.opencontainers.image.title"] != "dray/"+p.name || l["org.opencontainers.image.licenses"] == "" {
				t.Errorf("labels %v", l)
			}
			files := contents(t, img)
			if h := files[p.name]; h == nil || h.Mode != 0o755 {
				t.Errorf("/%s: %v", p.name, h)
			}
			for _, name := range []string{"etc/passwd", "etc/group", "etc/ssl/certs/ca-certificates.crt"} {
				if files[name] == nil {
					t.Errorf("no /%s", name)
				}
			}
		})
	}
}

func contents(t *testing.T, img v1.Image) map[string]*tar.Header {
	t.Helper()
	r := mutate.Extract(img)
	defer r.Close()
	all := map[string]*tar.Header{}
	for tr := tar.NewReader(r); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[h.Name] = h
	}
}

func TestRootCertificatesCanBeRead(t *testing.T) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(rootCertificates()) {
		t.Fatal("no certificate")
	}
	if n := strings.Count(string(rootCertificates()), "BEGIN"); n < 80 {
		t.Errorf("%d certificates", n)
	}
}

// There are two ways to the same image.
func TestTheDockerfileSaysTheSame(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	stages := regexp.MustCompile(`(?m)^FROM .* AS (\S+)$`).Split(string(text), -1)
	names := regexp.MustCompile(`(?m)^FROM .* AS (\S+)$`).FindAllStringSubmatch(string(text), -1)
	found := map[string]string{}
	for i, name := range names {
		found[name[1]] = stages[i+1]
	}
	for _, p := range append(programs, containerd) {
		want := []string{"USER " + p.user, fmt.Sprintf("ENTRYPOINT [%q]", "/"+p.name), p.about}
		if len(p.ports) > 0 {
			want = append(want, "EXPOSE "+strings.ReplaceAll(strings.Join(p.ports, " "), "/tcp", ""))
		}
		for _, w := range want {
			if !strings.Contains(found[p.name], w) {
				t.Errorf("target %s does not say %q", p.name, w)
			}
		}
	}
}

// The demo's nodes run the containerd that the tests run.
func TestThereIsOneVersionOfContainerd(t *testing.T) {
	versions := map[string][]string{}
	for file, pattern := range map[string]string{
		"Dockerfile":                      `(?m)^ARG CONTAINERD=(\S+)$`,
		"../../loadtest/testbed/tools.sh": `(?m)^containerd=(\S+)$`,
		"../../go.mod":                    `(?m)^\tgithub.com/containerd/containerd/v2 (\S+)$`,
	} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(pattern).FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("%s does not say", file)
		}
		versions[m[1]] = append(versions[m[1]], file)
	}
	if len(versions) != 1 {
		t.Errorf("they differ: %v", versions)
	}
}
