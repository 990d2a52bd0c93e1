package fleet

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// redisServer is a redis-server of our own, with nothing in it and its default
// settings but for where it listens; it keeps nothing on disk.
type redisServer struct {
	*child
	addr  string
	empty int64 // bytes that it uses with nothing in it
}

// startRedis returns nil when redis-server is not installed.
func startRedis(ctx context.Context, dir string) (*redisServer, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // then there is none
	}
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	host, port, _ := net.SplitHostPort(addr)
	c, err := start(ctx, dir, "redis", program, "--bind", host, "--port", port, "--dir", dir, "--save", "", "--appendonly", "no")
	if err != nil {
		return nil, err
	}
	r := &redisServer{child: c, addr: addr}
	for range 100 {
		if r.empty, err = r.used(ctx); err == nil {
			return r, nil
		}
		<-time.After(pollPeriod)
	}
	return nil, fmt.Errorf("redis-server does not answer: %w; its log ends:\n%s", err, c.tail())
}

func (r *redisServer) url() string { return "redis://" + r.addr }

// used is the memory that Redis says it uses, in bytes.
func (r *redisServer) used(ctx context.Context) (int64, error) {
	value, err := r.ask(ctx, "INFO memory", "used_memory:")
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(value, 10, 64)
}

// flush takes everything out of it.
func (r *redisServer) flush(ctx context.Context) error {
	_, err := r.ask(ctx, "FLUSHALL", "+OK")
	return err
}

// ask sends a command, and finds the line of the answer that begins like this.
func (r *redisServer) ask(ctx context.Context, command, begin string) (rest string, err error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	c, err := new(net.Dialer).DialContext(ctx, "tcp", r.addr)
	if err != nil {
		return "", err
	}
	defer c.Close()
	deadline, _ := ctx.Deadline()
	_ = c.SetDeadline(deadline)
	if _, err := c.Write([]byte(command + "\r\n")); err != nil {
		return "", err
	}
	s := bufio.NewScanner(c)
	for s.Scan() {
		if rest, ok := strings.CutPrefix(s.Text(), begin); ok {
			return rest, nil
		}
	}
	return "", fmt.Errorf("%s: no answer that begins with %s: %w", command, begin, s.Err())
}
