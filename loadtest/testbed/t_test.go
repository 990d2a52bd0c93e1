package testbed_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/drayproject/dray/loadtest/testbed"
)

func TestRunCleansUpInReverseAndReturnsWhyItGaveUp(t *testing.T) {
	var order []string
	var out bytes.Buffer
	broken := errors.New("broken")
	err := testbed.Run(t.Context(), &out, func(p testbed.T) {
		p.Cleanup(func() { order = append(order, fmt.Sprint("first made, failed: ", p.Failed())) })
		p.Cleanup(func() { order = append(order, "last made") })
		p.Logf("%d host", 1)
		p.Fatalf("the bed: %w", broken)
		order = append(order, "after the end")
	})
	if !errors.Is(err, broken) || out.String() != "1 host\n" {
		t.Errorf("got %v and %q", err, out.String())
	}
	if want := []string{"last made", "first made, failed: true"}; !slices.Equal(order, want) {
		t.Errorf("got %q; want %q", order, want)
	}
}

func TestRunBuildsABed(t *testing.T) {
	testbed.Require(t)
	var h *testbed.Host
	err := testbed.Run(t.Context(), t.Output(), func(p testbed.T) {
		h = testbed.New(p).Host("h")
		h.Start("sleeper", "/bin/sleep", "1000")
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Dial(t.Context(), "tcp", h.At(80)); err == nil {
		t.Error("the host is still there")
	}
}

func TestProgramThatCrashesFailsTheBed(t *testing.T) {
	testbed.Require(t)
	err := testbed.Run(t.Context(), t.Output(), func(p testbed.T) {
		crash := testbed.New(p).Host("h").Start("crash", "/bin/sh", "-c", "echo fine; echo 'panic: no more'; echo; echo goroutine 1")
		<-crash.Ended()
	})
	if err == nil || !strings.Contains(err.Error(), "panic: no more\n\ngoroutine 1") {
		t.Fatalf("got %v; want the panic", err)
	}
}
