package fleet

import (
	"errors"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestATrackersCPUIsItsOwn(t *testing.T) {
	c, err := findCPUs(1)
	if err != nil {
		t.Skip("SKIPPED: ", err)
	}
	if err := c.stayAside(); err != nil {
		t.Fatal(err)
	}
	defer c.comeBack()
	allowed := func() int {
		out, err := exec.CommandContext(t.Context(), "nproc").Output()
		n, err2 := strconv.Atoi(strings.TrimSpace(string(out)))
		if err = errors.Join(err, err2); err != nil {
			t.Error(err)
		}
		return n
	}
	own := 0
	if err := c.onOwn(0, func() error { own = allowed(); return nil }); err != nil {
		t.Fatal(err)
	}
	if others := allowed(); own != 1 || others != len(c.all)-1 {
		t.Errorf("the tracker has %d CPUs, and all else %d of %d", own, others, len(c.all))
	}
	if slices.Contains(c.rest(), c.of(0)[0]) {
		t.Errorf("all else has %v, and the tracker %v", c.rest(), c.of(0))
	}
}
