package kube

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

// usualHelper is used when E2E_KUBE names no other.
const usualHelper = "../shared/kube/kube"

// commandTimeout bounds every command; those that wait have their own, shorter
// one.
const commandTimeout = 10 * time.Minute

// cluster is a Kubernetes, and the helper for what its API can't do.
type cluster struct {
	ctx context.Context // outlives the test: cleaning up needs it
	env []string
	// Programs, with their first arguments.
	helper, kubectl, helm []string
}

// open finds a cluster or starts one, which it also stops.
func open(t testbed.T, keep func() bool) *cluster {
	c := &cluster{ctx: context.WithoutCancel(t.Context()), env: os.Environ()}
	var err error
	if c.helper, err = helper(); err != nil {
		t.Fatalf("%v", err)
	}
	c.helm = []string{testbed.Tool("helm")}
	if os.Getenv("KUBECONFIG") == "" {
		c.start(t, keep)
	}
	if kubectl := testbed.Tool("kubectl"); kubectl != "kubectl" {
		c.kubectl = []string{kubectl}
	} else {
		c.kubectl = append(c.helper[:len(c.helper):len(c.helper)], "ctl")
	}
	return c
}

// helper is the program that E2E_KUBE names, or the usual one where that is
// there.
func helper() ([]string, error) {
	if named := strings.Fields(os.Getenv("E2E_KUBE")); len(named) > 0 {
		return named, nil
	}
	if os.Getenv("KUBECONFIG") != "" {
		return nil, errors.New("KUBECONFIG is set, but E2E_KUBE is not: it has to name a program that can load images, run commands on nodes and cut them off (go doc ./loadtest/kube)")
	}
	if _, err := os.Stat(usualHelper); err != nil {
		return nil, fmt.Errorf("there is no cluster: set KUBECONFIG and E2E_KUBE (go doc ./loadtest/kube), or put a helper at %s", usualHelper)
	}
	return []string{usualHelper}, nil
}

// start makes a cluster. The usual helper builds its programs first, which
// takes long the first time on a machine.
func (c *cluster) start(t testbed.T, keep func() bool) {
	if c.helper[0] == usualHelper {
		if out, err := c.run(time.Hour, "", c.helper, "build"); err != nil {
			t.Fatalf("%s build: %v\n%s", usualHelper, err, out)
		}
	}
	out, err := c.run(commandTimeout, "", c.helper, "up")
	if err != nil {
		t.Fatalf("up: %v", err)
	}
	t.Cleanup(func() {
		if keep() {
			return
		}
		if _, err := c.run(commandTimeout, "", c.helper, "down"); err != nil {
			t.Errorf("down: %v", err)
		}
	})
	c.env = append(c.env, "KUBECONFIG="+strings.TrimSpace(out))
}

// run returns what the command has written to its standard output. The error
// has what it has written to the other.
func (c *cluster) run(timeout time.Duration, stdin string, program []string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(c.ctx, timeout)
	defer cancel()
	all := append(program[1:len(program):len(program)], args...)
	cmd := exec.CommandContext(ctx, program[0], all...)
	var stdout, stderr bytes.Buffer
	cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = c.env, strings.NewReader(stdin), &stdout, &stderr
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("%s %s: %w: %s", program[0], strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return stdout.String(), nil
}

// ctl is kubectl.
func (c *cluster) ctl(args ...string) (string, error) {
	return c.run(commandTimeout, "", c.kubectl, args...)
}

// read decodes what kubectl says as JSON.
func (c *cluster) read(into any, args ...string) error {
	out, err := c.ctl(append(args, "-o", "json")...)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(out), into)
}

// apply makes objects or changes them.
func (c *cluster) apply(manifest string) error {
	_, err := c.run(commandTimeout, manifest, c.kubectl, "apply", "-f", "-")
	return err
}

// on runs a command on a node, or on "registry".
func (c *cluster) on(node string, command ...string) (string, error) {
	return c.run(commandTimeout, "", c.helper, append([]string{"node", node, "exec", "--"}, command...)...)
}

// help calls the helper.
func (c *cluster) help(args ...string) error {
	_, err := c.run(commandTimeout, "", c.helper, args...)
	return err
}
