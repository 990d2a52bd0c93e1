package main

import (
	_ "embed"
	"encoding/pem"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/crypto/x509roots/fallback/bundle"

	"github.com/drayproject/dray/deploy/image/archive"
)

const nobody = "65532:65532" // "nonroot", as in other images without a distribution

// program is one that gets an image of its own.
type program struct {
	name  string
	about string
	user  string   // uid:gid
	ports []string // what it listens on by default
	files []string // programs of the image; nil: the one of this name
}

// The Dockerfile copies the same.
var (
	//go:embed etc/passwd
	passwd []byte
	//go:embed etc/group
	group []byte
)

var programs = []program{
	{
		name: "tracker", about: "Dray's tracker knows which node holds which digest and which nodes are alive.",
		user: nobody, ports: []string{"7070/tcp", "7071/tcp"},
	},
	{
		// containerd's socket and content store are root's.
		name: "seeder", about: "Dray's seeder is containerd's mirror on every node.",
		user: "0:0", ports: []string{"5001/tcp", "5002/tcp", "5003/tcp"},
	},
	{name: "loadtest", about: "Shows and measures Dray.", user: "0:0"},
}

// containerd is what the nodes of the compose demo run. It is no part of Dray.
var containerd = program{
	name: "containerd", about: "containerd and ctr, for Dray's demo.", user: "0:0", files: []string{"containerd", "ctr"},
}

func (p program) image(c compiled) (v1.Image, error) {
	system, err := archive.Layer(system()...)
	if err != nil {
		return nil, err
	}
	own, err := archive.Layer(p.binaries(c.dir)...)
	if err != nil {
		return nil, err
	}
	labels, err := p.labels(c.dir)
	if err != nil {
		return nil, err
	}
	ports := map[string]struct{}{}
	for _, port := range p.ports {
		ports[port] = struct{}{}
	}
	return archive.Image(c.platform, v1.Config{
		User: p.user, ExposedPorts: ports, Labels: labels,
		Entrypoint: []string{"/" + p.name}, Env: []string{"PATH=/"},
	}, system, own)
}

func (p program) binaries(dir string) []archive.File {
	names := p.files
	if names == nil {
		names = []string{p.name}
	}
	files := make([]archive.File, len(names))
	for i, name := range names {
		files[i] = archive.File{Path: "/" + name, From: filepath.Join(dir, name), Mode: 0o755}
	}
	return files
}

// labels are those of https://specs.opencontainers.org/image-spec/annotations.
func (p program) labels(dir string) (map[string]string, error) {
	version, revision, date, err := origin(filepath.Join(dir, p.name))
	if err != nil {
		return nil, err
	}
	labels := map[string]string{
		"title": "dray/" + p.name, "description": p.about, "version": version,
		"revision": revision, "created": date, "licenses": "Apache-2.0",
		"source": "https://github.com/drayproject/dray", "url": "https://github.com/drayproject/dray",
	}
	known := map[string]string{}
	for key, value := range labels {
		if value != "" {
			known["org.opencontainers.image."+key] = value
		}
	}
	return known, nil
}

// system is what a program expects around itself: root certificates, and names
// for the users.
func system() []archive.File {
	return []archive.File{
		{Path: "/etc/passwd", Data: passwd},
		{Path: "/etc/group", Data: group},
		{Path: "/etc/ssl/certs/ca-certificates.crt", Data: rootCertificates()},
	}
}

// rootCertificates are Mozilla's, at the version in go.mod. Those that are
// trusted only for certificates up to a certain date are left out: a PEM file
// can't say that.
func rootCertificates() []byte {
	var all []byte
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate})...)
		}
	}
	return all
}
