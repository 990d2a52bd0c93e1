package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// runDeadline is far more than any command needs: the kernel's lock on its
// network settings is everybody's, and taking a bed down may hold it for long.
const runDeadline = 2 * time.Minute

// run runs a command to its end and returns what it has written to its standard
// output. One that hangs is reported with the place in the kernel where it does.
func run(stdin, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), runDeadline)
	defer cancel()
	input, err := inputFile(stdin)
	if err != nil {
		return "", err
	}
	defer func() { _ = input.Close() }()
	cmd := exec.CommandContext(ctx, Tool(name), args...)
	cmd.Stdin = input
	var complaint strings.Builder
	var stuck string
	cmd.Stderr = &complaint
	cmd.Cancel = func() error {
		stuck = "hangs in\n" + whereabouts(cmd.Process.Pid)
		return cmd.Process.Kill()
	}
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, complaint.String()+stuck)
	}
	return string(out), nil
}

// inputFile is a file with this text and no name. Unlike a pipe it needs nobody
// to feed it.
func inputFile(text string) (*os.File, error) {
	f, err := os.CreateTemp("", "dray-stdin-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name())
	_, err = f.WriteString(text)
	_, seek := f.Seek(0, io.SeekStart)
	if err = errors.Join(err, seek); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

// whereabouts is the kernel's stack of a process, as far as it may be seen.
func whereabouts(pid int) string {
	var all strings.Builder
	for _, file := range []string{"wchan", "stack"} {
		text, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
		fmt.Fprintf(&all, "%s\n", text)
	}
	return all.String()
}
