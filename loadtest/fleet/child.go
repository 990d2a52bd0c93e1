package fleet

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// child is a process of ours. Its output goes to a file.
type child struct {
	name  string
	log   string
	cmd   *exec.Cmd
	kill  context.CancelFunc
	ended chan struct{}
}

// start runs a program until ctx ends.
func start(ctx context.Context, dir, name, program string, args ...string) (*child, error) {
	ctx, kill := context.WithCancel(ctx)
	c := &child{name: name, log: filepath.Join(dir, name+".log"), kill: kill, ended: make(chan struct{})}
	log, err := os.OpenFile(c.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		kill()
		return nil, err
	}
	defer log.Close() // the process has its own descriptor
	c.cmd = exec.CommandContext(ctx, program, args...)
	c.cmd.Dir = dir
	c.cmd.Stdout, c.cmd.Stderr = log, log
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := c.cmd.Start(); err != nil {
		kill()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = c.cmd.Wait() // killed, or its log says why
		close(c.ended)
	}()
	return c, nil
}

// Kill is SIGKILL, and back when the process is gone.
func (c *child) Kill() {
	c.kill()
	<-c.ended
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// tail is the end of the log.
func (c *child) tail() []byte {
	const most = 2 << 10
	log, err := os.ReadFile(c.log)
	if err != nil {
		return []byte(err.Error())
	}
	return log[max(0, len(log)-most):]
}
