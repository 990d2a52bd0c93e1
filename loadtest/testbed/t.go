package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
)

// T is what a bed needs of the test that it serves: a *testing.T or *testing.B,
// or what [Run] gives to a program. Fatalf and Skipf don't return.
type T interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Skipf(format string, args ...any)
	Failed() bool
	Cleanup(func())
	Context() context.Context // ends before the cleanups run
}

var needed = []string{"containerd", "ctr", "docker-registry", "ip", "bridge", "tc"}

// Require skips the test, loudly, where no bed can be made, or where one of the
// other programs is missing that it is told of. With DRAY_TEST_REQUIRE=1 it
// fails instead.
func Require(t T, others ...string) {
	t.Helper()
	give := t.Skipf
	if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
		give = t.Fatalf
	}
	if os.Geteuid() != 0 {
		give("END-TO-END TESTS SKIPPED: need root")
	}
	for _, name := range slices.Concat(needed, others) {
		if _, err := exec.LookPath(Tool(name)); err != nil {
			give("END-TO-END TESTS SKIPPED: need %s; run loadtest/testbed/tools.sh test", name)
		}
	}
}

// Run lets a program that is no test use a bed. It returns once f has returned
// or given up, and everything is cleaned up; what is logged goes to w.
func Run(ctx context.Context, w io.Writer, f func(T)) error {
	ctx, cancel := context.WithCancel(ctx)
	p := &program{ctx: ctx, out: w}
	done := make(chan struct{})
	go func() { // Fatalf ends this goroutine
		defer close(done)
		defer p.cleanUp()
		defer cancel()
		f(p)
	}()
	<-done
	return p.err
}

type program struct {
	ctx      context.Context
	out      io.Writer
	err      error
	cleanups []func()
}

func (p *program) Helper() {}

func (p *program) Logf(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, format+"\n", args...)
}

func (p *program) Errorf(format string, args ...any) {
	p.err = errors.Join(p.err, fmt.Errorf(format, args...))
}

func (p *program) Fatalf(format string, args ...any) {
	p.Errorf(format, args...)
	runtime.Goexit()
}

func (p *program) Skipf(format string, args ...any) { p.Fatalf(format, args...) }
func (p *program) Failed() bool                     { return p.err != nil }
func (p *program) Cleanup(f func())                 { p.cleanups = append(p.cleanups, f) }
func (p *program) Context() context.Context         { return p.ctx }

func (p *program) cleanUp() {
	for _, f := range slices.Backward(p.cleanups) {
		f()
	}
}
