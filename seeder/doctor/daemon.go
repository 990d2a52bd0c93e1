package doctor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// errHidden: the process behind the socket is in a PID namespace that can't be
// seen from here.
var errHidden = errors.New("containerd's process is not visible from here")

// readSettings asks the program that runs behind the socket for the
// configuration that it was started with: only containerd itself knows what its
// imports and defaults come to. Where that process is out of sight, as it is
// from a container, it reads the files.
func readSettings(ctx context.Context, c Containerd) (s *settings, from string, err error) {
	doc, from, err := dump(ctx, c.Address)
	full := err == nil
	if !full {
		var fileErr error
		if doc, fileErr = readFile(ctx, c.ConfigFile); fileErr != nil {
			return nil, "", errors.Join(err, fileErr)
		}
		from = c.ConfigFile + ", without containerd's defaults"
	}
	if s, err = parseSettings(doc); err == nil {
		s.full = full
	}
	return s, from, err
}

// dump runs "containerd config dump" with the running containerd's own program
// and file.
func dump(ctx context.Context, socket string) (doc []byte, file string, err error) {
	pid, err := peerPID(ctx, socket)
	if err != nil {
		return nil, "", err
	}
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
	if err != nil {
		return nil, "", fmt.Errorf("containerd's process: %w", err)
	}
	args := []string{"config", "dump"}
	words := strings.Split(string(line), "\x00")
	file = configFlag(words)
	if file != "" {
		args = append([]string{"--config", file}, args...)
	}
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program(proc, words[0]), args...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if doc, err = cmd.Output(); err != nil {
		return nil, "", fmt.Errorf("containerd config dump: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	return doc, file, nil
}

// program is what a process runs. Without the power to look at a process that
// has more of it, as in a hardened service, its own word has to do.
func program(proc, name string) string {
	exe := filepath.Join(proc, "exe")
	if _, err := os.Stat(exe); err != nil {
		return name
	}
	return exe
}

// configFlag is the file that a command line of containerd names; empty when it
// names none.
func configFlag(args []string) string {
	for i, arg := range args {
		name, value, given := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !strings.HasPrefix(arg, "-") || name != "config" && name != "c" {
			continue
		}
		if given {
			return value
		}
		if i+1 < len(args) {
			return args[i+1]
		}
	}
	return ""
}
