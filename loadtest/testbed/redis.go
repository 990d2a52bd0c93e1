package testbed

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"time"
)

// Redis is a redis-server on a host of its own. It keeps nothing on disk: one
// that starts again is empty.
type Redis struct {
	Host    *Host
	URL     string // as other hosts reach it
	Process *Process
}

const redisPort = 6379

// Redis starts a redis-server and waits until it answers.
func (b *Bed) Redis(h *Host) *Redis {
	b.t.Helper()
	r := &Redis{Host: h, URL: "redis://" + h.At(redisPort)}
	r.Start()
	return r
}

// Start starts it again after its process has ended.
func (r *Redis) Start() {
	bed := r.Host.bed
	bed.t.Helper()
	r.Process = r.Host.Start("redis", Tool("redis-server"),
		"--port", fmt.Sprint(redisPort), "--protected-mode", "no", "--save", "", "--appendonly", "no")
	bed.Eventually(startDeadline, "redis answers", func() bool { return r.do("PING") == "+PONG" })
}

// Flush deletes everything in it.
func (r *Redis) Flush() {
	t := r.Host.bed.t
	t.Helper()
	if answer := r.do("FLUSHALL"); answer != "+OK" {
		t.Fatalf("testbed: redis: FLUSHALL: %q", answer)
	}
}

// do sends a command and returns the first line of the answer, or what went
// wrong.
func (r *Redis) do(command string) string {
	ctx, cancel := context.WithTimeout(r.Host.bed.t.Context(), 5*time.Second)
	defer cancel()
	c, err := r.Host.Dial(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", redisPort))
	if err != nil {
		return err.Error()
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return err.Error()
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}
