package doctor

import (
	"fmt"
	"strings"
)

// Status is how a check ended.
type Status string

// How checks end.
const (
	OK      Status = "ok"
	Fault   Status = "fault"
	Unknown Status = "unknown" // it could not be checked
)

// The names of the checks, in the order in which they are made. They are the
// values of the metric's label.
const (
	checkContainerd  = "containerd"
	checkConfig      = "config"
	checkConfigPath  = "config-path"
	checkDiscard     = "discard-unpacked-layers"
	checkPullService = "pull-service"
	checkSnapshotter = "snapshotter"
	checkContentPath = "content-path"
	checkPorts       = "ports"
	checkMirror      = "mirror"
	checkTrackers    = "trackers"
	checkClock       = "clock"
	checkAddress     = "address"
)

var allChecks = []string{
	checkContainerd, checkConfig, checkConfigPath, checkDiscard, checkPullService, checkSnapshotter,
	checkContentPath, checkPorts, checkMirror, checkTrackers, checkClock, checkAddress,
}

// Result is what one check has found. Some checks give several, such as one per
// tracker.
type Result struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	What   string `json:"what"`          // what is so
	Why    string `json:"why,omitempty"` // why it matters; faults only
	Fix    string `json:"fix,omitempty"` // what to do, or what would let it be checked
}

func ok(check, format string, args ...any) Result {
	return Result{Check: check, Status: OK, What: fmt.Sprintf(format, args...)}
}

func fault(check, what, why, fix string) Result {
	return Result{Check: check, Status: Fault, What: what, Why: why, Fix: fix}
}

func unknown(check, what, fix string) Result {
	return Result{Check: check, Status: Unknown, What: what, Fix: fix}
}

// Worst is the exit status for results: 0 when all is well, 1 when there is a
// fault, 2 when there is none but something could not be checked.
func Worst(all []Result) int {
	worst := 0
	for _, r := range all {
		switch r.Status {
		case Fault:
			return 1
		case Unknown:
			worst = 2
		case OK:
		}
	}
	return worst
}

// indent puts every line of a text behind a margin.
func indent(text, margin string) string {
	return margin + strings.ReplaceAll(text, "\n", "\n"+margin)
}
