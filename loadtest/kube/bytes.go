package kube

import (
	"bufio"
	"fmt"
	"strconv"
	"strings"
)

// sent is how many bytes have left the registry's network interfaces. It is the
// kernel that counts: retries, headers and all.
func sent(procNetDev string) (bytes int64) {
	for line := range strings.Lines(procNetDev) {
		name, counters, ok := strings.Cut(line, ":")
		fields := strings.Fields(counters)
		if !ok || strings.TrimSpace(name) == "lo" || len(fields) < 9 {
			continue
		}
		n, _ := strconv.ParseInt(fields[8], 10, 64)
		bytes += n
	}
	return bytes
}

// metric adds up the samples of one name in Prometheus' text format; with a
// label such as source="peer", only those that have it.
func metric(text, name, label string) (total float64) {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		series, value, ok := strings.Cut(lines.Text(), " ")
		base, labels, _ := strings.Cut(series, "{")
		if !ok || base != name || !strings.Contains(labels, label) {
			continue
		}
		v, _ := strconv.ParseFloat(value, 64)
		total += v
	}
	return total
}

// mega writes bytes as people read them.
func mega(bytes int64) string {
	if bytes < 1e6 {
		return fmt.Sprintf("%.1f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
}
