package pullcmd

import (
	"fmt"
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/puller"
)

// short is what people need to tell digests apart.
func short(d digest.Digest) string {
	_, hex, _ := strings.Cut(string(d), ":")
	return hex[:min(12, len(hex))]
}

// outcome tells of a complete blob: its size, its speed, where it came from.
func outcome(b puller.Blob) string {
	return fmt.Sprintf("%s  %s  %s", size(b.Size), speed(b.Size, b.Seconds), Sources(b.Sources))
}

func summary(t puller.Totals) string {
	return fmt.Sprintf("done in %.1f s: %s", t.Seconds, listed(t.Sources))
}

// Sources names where bytes came from; how many, where there is more than one.
func Sources(all []puller.Source) string {
	if len(all) == 1 {
		return sourceName(all[0])
	}
	return listed(all)
}

func listed(all []puller.Source) string {
	parts := make([]string, len(all))
	for i, s := range all {
		parts[i] = sourceName(s) + " " + Size(s.Bytes)
	}
	return strings.Join(parts, ", ")
}

func sourceName(s puller.Source) string {
	switch s.From {
	case puller.FromPeer:
		return s.Node
	case puller.FromOrigin:
		return "registry"
	case puller.FromLocal:
		return "already here"
	}
	return string(s.From)
}

func size(n int64) string { return fmt.Sprintf("%10s", Size(n)) }

func speed(bytes int64, seconds float64) string {
	if seconds <= 0 {
		return fmt.Sprintf("%12s", "")
	}
	return fmt.Sprintf("%12s", Size(int64(float64(bytes)/seconds))+"/s")
}

// Size is a number of bytes as people read it.
func Size(n int64) string {
	v, unit := float64(n), 0
	for v >= 1024 && unit < len(units)-1 {
		v, unit = v/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[unit])
}

var units = []string{"B", "KiB", "MiB", "GiB", "TiB"}
