package hosts

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// readOnly makes the folder one that not even root can write to, as a mount is
// that was made so.
func readOnly(t *testing.T, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: needs root, to mount")
	}
	must(t, unix.Mount(root, root, "", unix.MS_BIND, ""))
	t.Cleanup(func() { _ = unix.Unmount(root, unix.MNT_DETACH) })
	must(t, unix.Mount("", root, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""))
}

func TestAReadOnlyFolderIsAnErrorOnlyWhereSomethingHasToChange(t *testing.T) {
	root := plant(t, files{"docker.io/hosts.toml": "server = \"https://a.test\""})
	t.Run("nothing installed", func(t *testing.T) {
		was := snapshot(t, root)
		readOnly(t, root)
		if _, err := Install(settings(root)); err == nil {
			t.Error("installed")
		}
		if _, err := Remove(root); err != nil {
			t.Errorf("remove, with nothing to do: %v", err)
		}
		if is := snapshot(t, root); is != was {
			t.Errorf("is:\n%s\nwas:\n%s", is, was)
		}
	})
	t.Run("installed", func(t *testing.T) {
		_, err := Install(settings(root))
		must(t, err)
		was := snapshot(t, root)
		readOnly(t, root)
		if _, err := Install(settings(root)); err != nil {
			t.Errorf("install, with nothing to do: %v", err)
		}
		wantHealthy(t, settings(root))
		if _, err := Remove(root); err == nil {
			t.Error("removed")
		}
		if is := snapshot(t, root); is != was {
			t.Errorf("is:\n%s\nwas:\n%s", is, was)
		}
	})
}
