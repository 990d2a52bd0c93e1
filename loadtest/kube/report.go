package kube

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// report is the table of what was done and what was seen.
type report struct {
	setting string // one line on the cluster
	rows    []row
}

type row struct {
	step, evidence string
	took           time.Duration
}

func (r *report) add(step, evidence string, took time.Duration) {
	r.rows = append(r.rows, row{step, evidence, took})
}

// String is the page, as Markdown.
func (r *report) String() string {
	var b strings.Builder
	b.WriteString("# The Helm chart on a real Kubernetes\n\n")
	b.WriteString("Written by `make e2e-kube` when every step has passed; the steps are in\n[loadtest/kube](../loadtest/kube/steps.go).\n\n")
	fmt.Fprintf(&b, "%s\n\n| step | seen | took |\n|---|---|---|\n", r.setting)
	for _, row := range r.rows {
		fmt.Fprintf(&b, "| %s | %s | %.0f s |\n", row.step, row.evidence, row.took.Seconds())
	}
	b.WriteString("\nThe registry's bytes are counted by the kernel at its network interface, with all\nheaders; those of neighbours by the seeders (`dray_seeder_transfer_bytes_total`).\n")
	return b.String()
}

func (r *report) write(file string) error {
	if file == "" {
		return nil
	}
	return os.WriteFile(file, []byte(r.String()), 0o644)
}
