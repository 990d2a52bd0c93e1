package bench

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/drayproject/dray/loadtest/testbed"
)

// clockTicks a second is what Linux tells user space on every architecture that
// Go runs on (USER_HZ).
const clockTicks = 100

// cpuSeconds is the CPU time that a process and its children have used so far,
// in user mode and in the kernel.
func cpuSeconds(t testbed.T, pid int) float64 {
	t.Helper()
	seconds, err := cpuOf(pid)
	if err != nil {
		t.Fatalf("CPU time: %w", err)
	}
	for _, child := range childrenOf(pid) {
		seconds += cpuSeconds(t, child)
	}
	return seconds
}

// cpuOf reads utime and stime, the fields 14 and 15 of /proc/PID/stat. The
// second field is the program's name in parentheses, which may hold anything.
func cpuOf(pid int) (float64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, stat)
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	if err1 != nil || err2 != nil {
		return 0, fmt.Errorf("/proc/%d/stat: %q", pid, stat)
	}
	return float64(user+system) / clockTicks, nil
}

func childrenOf(pid int) []int {
	list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	var pids []int
	for _, field := range strings.Fields(string(list)) {
		if child, err := strconv.Atoi(field); err == nil {
			pids = append(pids, child)
		}
	}
	return pids
}

// memory is what a process has in RAM, in bytes. File is its program and
// libraries: pages that the kernel can drop and read again, and shares.
type memory struct {
	Resident, Anonymous, File, Peak int64
}

func memoryOf(t testbed.T, pid int) memory {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatalf("memory: %w", err)
	}
	m := parseStatus(string(status))
	if m.Resident == 0 {
		t.Fatalf("memory of process %d: it has ended", pid)
	}
	return m
}

func parseStatus(status string) (m memory) {
	fields := map[string]*int64{"VmRSS": &m.Resident, "RssAnon": &m.Anonymous, "RssFile": &m.File, "VmHWM": &m.Peak}
	for line := range strings.Lines(status) {
		key, value, _ := strings.Cut(line, ":")
		if field, ok := fields[key]; ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			*field = kib << 10
		}
	}
	return m
}

// forgetPeak makes the present size the peak (proc(5), clear_refs).
func forgetPeak(t testbed.T, pid int) {
	t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
		t.Fatalf("memory: %w", err)
	}
}
