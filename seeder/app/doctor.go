package app

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/doctor"
)

// Node is what a doctor has to know of a seeder with these settings.
func (c *Config) Node() (doctor.Node, error) {
	if err := c.complete(); err != nil {
		return doctor.Node{}, err
	}
	return c.examined(), nil
}

func (c *Config) examined() doctor.Node {
	return doctor.Node{
		MirrorAddr:  c.MirrorListen,
		Shielded:    c.MirrorShielded,
		PeerAddr:    c.PeerListen,
		MetricsAddr: c.MetricsListen,
		Trackers:    c.Trackers,
		Containerd: doctor.Containerd{
			None:        c.Store == "embedded",
			Address:     c.ContainerdAddress,
			ContentPath: c.ContainerdContentPath,
			ConfigFile:  c.ContainerdConfig,
		},
	}
}

// checkup is the doctor's look at this node when it has started, and as long as
// there are faults, and the image that it has containerd pull. Someone who calls "seeder doctor" gets that too.
type checkup struct {
	doctor *doctor.Doctor
	probe  *doctor.Probe
	node   doctor.Node
	wanted bool
}

func newCheckup(cfg Config, log *slog.Logger, reg prometheus.Registerer) *checkup {
	return &checkup{
		doctor: doctor.New(log, reg),
		probe:  doctor.NewProbe(cfg.NodeName),
		node:   cfg.examined(),
		wanted: cfg.Doctor,
	}
}

// examine has this node looked at once it has found its feet: before the first
// walk, the trackers are told nothing.
func (a *App) examine(ctx context.Context) error {
	select {
	case <-a.inventory.Ready():
	case <-ctx.Done():
		return nil
	}
	if a.checkup.wanted {
		n := a.checkup.node
		n.MirrorAddr, n.PeerAddr, n.MetricsAddr = a.MirrorAddr(), a.PeerAddr(), a.MetricsAddr()
		a.checkup.doctor.Watch(ctx, n)
	}
	return nil
}
