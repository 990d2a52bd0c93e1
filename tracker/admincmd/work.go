package admincmd

import (
	"fmt"

	"github.com/drayproject/dray/tracker/admin"
)

// work is one line about what the trackers want nodes to have.
func (s *screen) work(w *admin.WorkItem) string {
	line := fmt.Sprintf("%s %s is %s", w.Kind, w.Name, s.paint(w.State))
	switch w.Kind {
	case "job":
		line += fmt.Sprintf(": %d done, %d failed, %d running, %d waiting", w.Done, w.Failed, w.Running, w.Waiting)
	case "task":
		line = fmt.Sprintf("%s: %s is %s, %s", w.Node, w.Image, s.paint(w.State), part(w.Offset, w.Size))
	case "policy":
		line = fmt.Sprintf("policy %s: %s is %s", w.Name, w.Image, s.paint(w.State))
	}
	if w.Reason != "" {
		line += " (" + w.Reason + ")"
	}
	return line
}
