package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// containerd checks the daemon and how it is set up.
func containerd(ctx context.Context, p *patient) []Result {
	if p.Containerd.None {
		return nil
	}
	if err := dialSocket(ctx, p.Containerd.Address); err != nil {
		return []Result{noSocket(p.Containerd.Address, err)}
	}
	all := []Result{version(ctx, p.Containerd.Address)}
	s, from, err := readSettings(ctx, p.Containerd)
	if err != nil {
		return append(all,
			unknown(checkConfig, fmt.Sprintf("containerd's configuration can't be read: %v", err),
				"run seeder doctor on the node itself, or name the file with --containerd-config"),
			contentPath(p.Containerd.ContentPath, ""))
	}
	p.settings = s
	all = append(all, ok(checkConfig, "read from %s", orDefault(from)))
	all = append(all, judge(s)...)
	return append(all, contentPath(p.Containerd.ContentPath, s.root))
}

func orDefault(file string) string {
	if file == "" {
		return "containerd's usual file"
	}
	return file
}

func dialSocket(ctx context.Context, socket string) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
	if err == nil {
		_ = conn.Close()
	}
	return err
}

func noSocket(socket string, err error) Result {
	fix := "systemctl status containerd; if its socket is elsewhere, set --containerd-address"
	if errors.Is(err, os.ErrPermission) {
		fix = "run the seeder as root, or as a user that may open " + socket
	}
	return fault(checkContainerd, fmt.Sprintf("containerd does not answer at %s: %v", socket, err),
		"The seeder learns from it what this node has to share.", fix)
}

func version(ctx context.Context, socket string) Result {
	k, err := connect(socket)
	if err != nil {
		return unknown(checkContainerd, err.Error(), "")
	}
	defer k.close()
	v, err := k.version(ctx)
	if status.Code(err) == codes.Unimplemented {
		return unknown(checkContainerd, "containerd serves no CRI: its version and its pulls can't be checked",
			`if Kubernetes uses this containerd: take "cri" out of disabled_plugins, and see containerd's log`)
	}
	if err != nil {
		return unknown(checkContainerd, err.Error(), "see containerd's log")
	}
	return judgeVersion(v)
}

// contentPath looks at the folder that blobs are served from. root is
// containerd's own; empty when that is not known.
func contentPath(path, root string) Result {
	const why = "Blobs are then read over containerd's socket, which costs more, and layers on their way can't be shared."
	right := filepath.Join(root, "io.containerd.content.v1.content")
	if root != "" && !sameFolder(path, right) {
		return fault(checkContentPath, fmt.Sprintf("containerd's content is in %s, and the seeder looks in %s", right, path),
			why, "start the seeder with --containerd-content-path="+right)
	}
	_, err := os.ReadDir(path)
	if _, blobs := os.ReadDir(filepath.Join(path, "blobs")); !errors.Is(blobs, os.ErrNotExist) { // it is made with the first blob
		err = errors.Join(err, blobs)
	}
	if err != nil {
		return fault(checkContentPath, fmt.Sprintf("the content store can't be read: %v", err), why,
			"run the seeder as root; in a container, mount "+path+" read-only at the same path")
	}
	return ok(checkContentPath, "%s is readable", path)
}

// sameFolder: a link leads there, or both are the same path. What can't be
// looked at is compared by name.
func sameFolder(a, b string) bool {
	ai, errA := os.Stat(a)
	bi, errB := os.Stat(b)
	if errA == nil && errB == nil {
		return os.SameFile(ai, bi)
	}
	return filepath.Clean(a) == filepath.Clean(b)
}
