package app

import (
	"context"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"github.com/drayproject/dray/shared/trackerapi"
)

// diskLook is the time between two looks at the file system. A disk does not
// fill in less.
const diskLook = 10 * time.Second

// disk watches the file system that content is on. Where it is nearly full,
// kubelet begins to delete images: what this node holds may be gone in a moment,
// so neighbours had better ask others.
type disk struct {
	path    string
	minFree float64 // share; 0: never under pressure
	free    func(path string) (share float64, err error)
	log     *slog.Logger

	pressed atomic.Bool
	share   atomic.Uint64 // bits of the last one; NaN when it is not known
}

func newDisk(path string, minFreePercent int, log *slog.Logger, reg prometheus.Registerer) *disk {
	d := &disk{path: path, minFree: float64(minFreePercent) / 100, free: freeShare, log: log}
	d.share.Store(math.Float64bits(math.NaN()))
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dray_seeder_disk_free_ratio",
		Help: "Free share of the file system that content is on; NaN when it is not known.",
	}, func() float64 { return math.Float64frombits(d.share.Load()) }))
	return d
}

// Run looks until ctx ends. It has its own goroutine because a file system can
// hang, and heartbeats must not.
func (d *disk) Run(ctx context.Context) error {
	tick := time.NewTicker(diskLook)
	defer tick.Stop()
	for {
		d.look()
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look takes a file system that can't be asked for one that is well: that it is
// out of order shows elsewhere.
func (d *disk) look() {
	share, err := d.free(d.path)
	if err != nil {
		d.log.Debug("free space is not known", "path", d.path, "error", err)
		share = math.NaN()
	}
	d.share.Store(math.Float64bits(share))
	pressed := share < d.minFree
	switch was := d.pressed.Swap(pressed); {
	case pressed && !was:
		d.log.Warn("disk is nearly full: neighbours are told to ask others first", "path", d.path, "free", share)
	case was && !pressed:
		d.log.Info("disk has room again", "path", d.path, "free", share)
	}
}

// freeShare is what of the file system is free for users other than root.
func freeShare(path string) (float64, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return 0, err
	}
	if fs.Blocks == 0 {
		return 1, nil // one that has no size, such as overlays of some kinds
	}
	return float64(fs.Bavail) / float64(fs.Blocks), nil
}

// room is what the file system of path has for users other than root.
func room(path string) (trackerapi.Room, error) {
	var fs unix.Statfs_t
	if err := unix.Statfs(path, &fs); err != nil {
		return trackerapi.Room{}, err
	}
	block := int64(fs.Bsize) //nolint:unconvert // its type is another elsewhere
	return trackerapi.Room{Total: int64(fs.Blocks) * block, Free: int64(fs.Bavail) * block}, nil
}
