package testbed

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"golang.org/x/sys/unix"
)

// Process is a program that runs on a host.
type Process struct {
	name  string // "n1/containerd"
	bed   *Bed
	cmd   *exec.Cmd
	log   string
	ended chan struct{} // closed once the process is reaped
}

// Start runs a program on the host until it ends or the bed does. What it
// writes goes to a file, shown when the test fails.
func (h *Host) Start(name, program string, args ...string) *Process {
	h.bed.t.Helper()
	logFile, err := os.CreateTemp(h.bed.Dir(h.Name), name+"-*.log")
	if err != nil {
		h.bed.t.Fatalf("testbed: %v", err)
	}
	defer func() { _ = logFile.Close() }() // the process has its own descriptor
	cmd := exec.CommandContext(context.Background(), program, args...)
	cmd.Dir = filepath.Dir(logFile.Name())
	cmd.Stdout, cmd.Stderr = logFile, logFile
	if err := spawn().start(h.ns, cmd); err != nil {
		h.bed.t.Fatalf("testbed: %s/%s: %v", h.Name, name, err)
	}
	p := &Process{name: h.Name + "/" + name, bed: h.bed, cmd: cmd, log: logFile.Name(), ended: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended is in cmd.ProcessState
		close(p.ended)
	}()
	h.bed.track(p)
	return p
}

// Kill ends the process and its children at once, as SIGKILL does, and returns
// when it is gone. It may have ended before.
func (p *Process) Kill() { p.end(unix.SIGKILL, 10*time.Second) }

// Terminate asks the process to end, and kills it when it takes longer than
// grace.
func (p *Process) Terminate(grace time.Duration) {
	if !p.end(unix.SIGTERM, grace) {
		p.Kill()
	}
}

// Pause stops the process where it is; its connections stay, and the kernel
// goes on to answer for it. Resume lets it go on.
func (p *Process) Pause() { p.signal(unix.SIGSTOP) }

// Resume ends a Pause.
func (p *Process) Resume() { p.signal(unix.SIGCONT) }

// Ended is closed once the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// end tells whether the process was gone in time.
func (p *Process) end(s unix.Signal, in time.Duration) bool {
	p.signal(s)
	select {
	case <-p.ended:
		return true
	case <-time.After(in):
		return false
	}
}

// signal reaches the whole group, as long as its leader is not reaped: the id
// can't be another's until then.
func (p *Process) signal(s unix.Signal) {
	select {
	case <-p.ended:
	default:
		_ = unix.Kill(-p.PID(), s)
	}
}

// Log is everything that the process has written so far.
func (p *Process) Log() []byte {
	b, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return b
}

// Tail is the last lines of the log, long ones cut short.
func (p *Process) Tail(lines int) string {
	const width = 400
	all := bytes.Split(bytes.TrimSpace(p.Log()), []byte("\n"))
	all = all[max(0, len(all)-lines):]
	for i, line := range all {
		all[i] = line[:min(len(line), width)]
	}
	return string(bytes.Join(all, []byte("\n")))
}

// WaitLog waits until the process has written this text.
func (p *Process) WaitLog(text string, deadline time.Duration) {
	p.bed.t.Helper()
	p.bed.Eventually(deadline, fmt.Sprintf("%s writes %q", p.name, text), func() bool {
		select {
		case <-p.ended:
			p.bed.t.Fatalf("%s has ended (%s):\n%s", p.name, p.fate(), p.Tail(40))
		default:
		}
		return bytes.Contains(p.Log(), []byte(text))
	})
}

func (p *Process) fate() string {
	select {
	case <-p.ended:
		return p.cmd.ProcessState.String()
	default:
		return "running"
	}
}

// faults begin what a Go program writes when it has a bug, whatever it was
// asked to do.
var faults = regexp.MustCompile(`(?m)^(WARNING: DATA RACE|panic: |fatal error: )`)

// fault is the beginning of what the process wrote when it crashed; "" if it
// did not.
func (p *Process) fault() string {
	log := p.Log()
	at := faults.FindIndex(log)
	if at == nil {
		return ""
	}
	return string(log[at[0]:min(len(log), at[0]+4000)])
}
