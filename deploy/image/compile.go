package main

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// compiled is a folder with static programs for a platform.
type compiled struct {
	platform v1.Platform
	dir      string
}

// native is the platform that this machine's containers have, whatever its own
// operating system.
func native() string { return "linux/" + runtime.GOARCH }

func platform(name string) v1.Platform {
	os, arch, _ := strings.Cut(name, "/")
	return v1.Platform{OS: os, Architecture: arch}
}

// compile builds all programs from the sources around us, in a folder below dir
// for each platform.
func compile(ctx context.Context, dir string, platforms []string) ([]compiled, error) {
	all := make([]compiled, 0, len(platforms))
	for _, name := range platforms {
		c := compiled{platform: platform(name), dir: filepath.Join(dir, filepath.FromSlash(name))}
		if err := c.compile(ctx); err != nil {
			return nil, fmt.Errorf("build for %s: %w", name, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// compile leaves out gRPC's tracing pages: their templates keep the linker from
// dropping what nobody calls, which is 6 MB of each program.
func (c compiled) compile(ctx context.Context) error {
	args := []string{"build", "-trimpath", "-tags=grpcnotrace", "-ldflags=-s -w", "-o", c.dir + string(filepath.Separator)}
	for _, p := range programs {
		args = append(args, "github.com/drayproject/dray/"+p.name)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+c.platform.OS, "GOARCH="+c.platform.Architecture)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}

// origin is what the program itself says it was built from.
func origin(file string) (version, revision, date string, err error) {
	info, err := buildinfo.ReadFile(file)
	if err != nil {
		return "", "", "", err
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value
		case "vcs.time":
			date = s.Value
		}
	}
	return info.Main.Version, revision, date, nil
}
