package bench

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drayproject/dray/loadtest/testbed"
)

// Machine is where a run took place, and with what.
type Machine struct {
	Date       string `json:"date"`
	Cores      int    `json:"cores"`
	CPU        string `json:"cpu"`
	Kernel     string `json:"kernel"`
	Go         string `json:"go"`
	Containerd string `json:"containerd"`
	Nginx      string `json:"nginx"`
	Load       string `json:"load"` // of the last minute, before the run
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores of %s, Linux %s, %s, containerd %s, %s, load before it %s",
		m.Date, m.Cores, m.CPU, m.Kernel, m.Go, m.Containerd, m.Nginx, m.Load)
}

func thisMachine() Machine {
	load, _ := os.ReadFile("/proc/loadavg")
	last, _, _ := strings.Cut(string(load), " ")
	return Machine{
		Date:       time.Now().Format(time.DateOnly),
		Cores:      runtime.NumCPU(),
		CPU:        cpuModel(),
		Kernel:     kernel(),
		Go:         runtime.Version(),
		Containerd: version("containerd", "--version"),
		Nginx:      version("nginx", "-v"),
		Load:       last,
	}
}

func cpuModel() string {
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		if key, value, _ := strings.Cut(line, ":"); strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "of unknown version"
	}
	return unix.ByteSliceToString(u.Release[:])
}

// version is the third word that a program says of itself, or the last when it
// has fewer: "containerd <module> v2.4.2 <commit>", "nginx version: nginx/1.22.1".
func version(program, flag string) string {
	out, _ := exec.Command(testbed.Tool(program), flag).CombinedOutput() //nolint:noctx // it ends at once
	words := strings.Fields(string(out))
	if len(words) == 0 {
		return "none"
	}
	number, _, _ := strings.Cut(words[min(2, len(words)-1)], "+")
	return number
}
