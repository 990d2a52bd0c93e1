package app

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/process"
	"github.com/drayproject/dray/shared/trackerapi"
)

// introduce says who this run of the seeder is. An address without a host is
// completed by the tracker, which sees where the message comes from.
func introduce(cfg Config, peerAddr string) trackerapi.Node {
	addr := cfg.Advertise
	if addr == "" {
		addr = peerAddr
	}
	return trackerapi.Node{
		Name:    cfg.NodeName,
		Epoch:   time.Now().UnixMilli(),
		Addr:    addr,
		Zone:    cfg.Zone,
		Labels:  cfg.Labels,
		Version: process.Version(),
	}
}

// accuse tells the trackers of nodes whose bytes turned out wrong after they
// had been relayed. The wrong bytes are on a disk: whichever run of the node
// is there now has them.
func (a *App) accuse(d digest.Digest, sources []string) {
	for _, node := range sources {
		a.announcer.Report(trackerapi.Report{Peer: node, Kind: trackerapi.KindCorrupt, Digest: d})
	}
}
