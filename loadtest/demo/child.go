package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

const startTimeout = 20 * time.Second

// child is a process of ours. Its output goes to a file; it logs in JSON.
type child struct {
	name   string
	log    string // the file
	cmd    *exec.Cmd
	kill   context.CancelFunc
	exited chan struct{}
}

// start runs a program until ctx ends.
func start(ctx context.Context, name, dir, program string, args ...string) (*child, error) {
	ctx, kill := context.WithCancel(ctx)
	c := &child{name: name, log: filepath.Join(dir, name+".log"), kill: kill, exited: make(chan struct{})}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		kill()
		return nil, err
	}
	c.cmd = exec.CommandContext(ctx, program, args...)
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = withUs()
	err = c.cmd.Start()
	_ = log.Close()
	if err != nil {
		kill()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = c.cmd.Wait()
		close(c.exited)
	}()
	return c, nil
}

// Kill is SIGKILL, and back when the process is gone.
func (c *child) Kill() {
	c.kill()
	<-c.exited
}

// said waits for a line of the log and decodes it.
func (c *child) said(ctx context.Context, message string, line any) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("%s did not say %q within %v", c.name, message, startTimeout))
	defer cancel()
	for {
		if found, err := c.find(message); err != nil {
			return err
		} else if found != nil {
			return json.Unmarshal(found, line)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; its log ends:\n%s", context.Cause(ctx), c.tail())
		case <-c.exited:
			return fmt.Errorf("%s has ended; its log ends:\n%s", c.name, c.tail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *child) find(message string) ([]byte, error) {
	log, err := os.ReadFile(c.log)
	for line := range bytes.Lines(log) {
		var l struct{ Msg string }
		if json.Unmarshal(line, &l) == nil && l.Msg == message {
			return line, nil
		}
	}
	return nil, err
}

// tail is the end of the log.
func (c *child) tail() []byte {
	const most = 4 << 10
	log, err := os.ReadFile(c.log)
	if err != nil {
		return []byte(err.Error())
	}
	return log[max(0, len(log)-most):]
}
