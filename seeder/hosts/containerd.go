package hosts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"

	"github.com/containerd/containerd/v2/core/remotes/docker"
	"github.com/containerd/containerd/v2/core/remotes/docker/config"
	"github.com/containerd/errdefs"
	"github.com/containerd/log"
	"github.com/sirupsen/logrus"
)

// errUnusable wraps what keeps containerd from using a hosts.toml that it can
// read: certificates, mostly. It fails every pull from that registry. From
// inside a container it may be but a file that can't be seen from there.
var errUnusable = errors.New("containerd can't use it")

// folderOf is where containerd looks for a registry's hosts.toml below root. A
// registry without a folder has "_default"; "" says that there is none at all.
func folderOf(root, registry string) (string, error) {
	dir, err := config.HostDirFromRoot(root)(registry)
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	return dir, err
}

// asks returns what containerd makes of the hosts.toml in a folder: the hosts
// that it asks, in order. containerd itself logs an error in the file, and goes
// on without it; here it is the result.
func asks(dir string) ([]docker.RegistryHost, error) {
	var ignored silent
	logger := logrus.New()
	logger.SetOutput(io.Discard)
	logger.AddHook(&ignored)
	ctx := log.WithLogger(context.Background(), logrus.NewEntry(logger))
	hosts, err := config.ConfigureHosts(ctx, config.HostOptions{
		HostDir: func(string) (string, error) { return dir, nil },
	})(filepath.Base(dir))
	if ignored.err != nil {
		return nil, fmt.Errorf("containerd can't read it: %w", ignored.err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnusable, err)
	}
	return hosts, nil
}

// silent catches the error that containerd only logs.
type silent struct{ err error }

func (s *silent) Levels() []logrus.Level { return []logrus.Level{logrus.ErrorLevel} }

func (s *silent) Fire(e *logrus.Entry) error {
	if err, ok := e.Data[logrus.ErrorKey].(error); ok {
		s.err = err
	}
	return nil
}

// checkFirst tells whether containerd asks the mirror before all others, for
// tags and for blobs, by the hosts.toml in the folder.
func checkFirst(dir, mirror string) error {
	hosts, err := asks(dir)
	if err != nil {
		return err
	}
	u, err := url.Parse(mirror)
	if err != nil {
		return err
	}
	if len(hosts) == 0 || hosts[0].Host != u.Host {
		return fmt.Errorf("containerd does not ask %s first", mirror)
	}
	first := hosts[0]
	if first.Scheme != u.Scheme || first.Path != "/v2" {
		return fmt.Errorf("containerd asks %s by the wrong URL: %s://%s%s", mirror, first.Scheme, first.Host, first.Path)
	}
	if !first.Capabilities.Has(docker.HostCapabilityPull | docker.HostCapabilityResolve) {
		return fmt.Errorf("%s lacks one of the capabilities pull and resolve", mirror)
	}
	return nil
}
