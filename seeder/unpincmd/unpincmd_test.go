package unpincmd

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/drayproject/dray/seeder/store"
)

// images are pinned; those that are true can't be unpinned.
type images map[string]bool

func (i images) Pins(context.Context) (pins []store.Pin, err error) {
	for name := range i {
		pins = append(pins, store.Pin{Image: name})
	}
	return pins, nil
}

func (i images) Unpin(_ context.Context, image string) error {
	if i[image] {
		return errors.New("broken: " + image)
	}
	delete(i, image)
	return nil
}

func TestAllIsUnpinnedButWhatCannotBe(t *testing.T) {
	left := images{"a:1": false, "b:1": true, "c:1": false}
	var out strings.Builder
	err := All(t.Context(), left, &out)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	slices.Sort(lines)
	if err == nil || !strings.Contains(err.Error(), "broken: b:1") || len(left) != 1 || !slices.Equal(lines, []string{"unpinned a:1", "unpinned c:1"}) {
		t.Errorf("left %v, %v; it said %q", left, err, out.String())
	}
}

func TestWithoutContainerdItFailsUnlessThatIsAllowed(t *testing.T) {
	for _, allowed := range []bool{false, true} {
		cmd := Command()
		args := []string{"--timeout=1s", "--containerd-address=" + filepath.Join(t.TempDir(), "none.sock")}
		if allowed {
			args = append(args, "--best-effort")
		}
		cmd.SetArgs(args)
		var said strings.Builder
		cmd.SetErr(&said)
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		err := cmd.ExecuteContext(t.Context())
		if (err == nil) != allowed || strings.Contains(said.String(), "left as it is") != allowed {
			t.Errorf("best effort %v: %v; it said %q", allowed, err, said.String())
		}
	}
}
