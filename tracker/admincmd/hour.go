package admincmd

import (
	"fmt"

	"github.com/drayproject/dray/tracker/admin"
)

// drawHour leaves out the minutes in which nothing was pulled. Times can't be
// added up, so the whole hour has none.
func drawHour(s *screen, a *admin.Hour) {
	t := s.sheet("minute", "from peers", "from the origin", "hit rate", "complete", "ended", "lost", "median", "p95")
	var all admin.Minute
	for _, m := range a.Items {
		if m.PeerBytes+m.OriginBytes+m.Complete+m.Ended+m.Lost == 0 {
			continue
		}
		t.row(append([]string{m.At.Local().Format("15:04")}, append(flow(&m), took(m.Timed, m.MedianMS), took(m.Timed, m.P95MS))...)...)
		all.PeerBytes, all.OriginBytes = all.PeerBytes+m.PeerBytes, all.OriginBytes+m.OriginBytes
		all.Complete, all.Ended, all.Lost = all.Complete+m.Complete, all.Ended+m.Ended, all.Lost+m.Lost
	}
	t.row(append([]string{"hour"}, append(flow(&all), "", "")...)...)
	t.draw()
}

// flow is how much was pulled, and what became of it.
func flow(m *admin.Minute) []string {
	return []string{size(m.PeerBytes), size(m.OriginBytes), hits(m.PeerBytes, m.OriginBytes), number(m.Complete), number(m.Ended), number(m.Lost)}
}

// hits is the share of the bytes that came from other nodes.
func hits(peer, origin int64) string {
	if peer+origin == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100*float64(peer)/float64(peer+origin))
}

func took(timed int, ms int64) string {
	if timed == 0 {
		return "-"
	}
	return number(ms) + " ms"
}
