package fetcher

import (
	"slices"

	"github.com/drayproject/dray/shared/trackerapi"
)

// contribution is what one peer has sent: as the parent, or ahead of it.
type contribution struct {
	candidate
	bytes int64
}

// contributionOf is that of a peer. A node that has started anew is another one.
func (b *body) contributionOf(c candidate) *contribution {
	for _, known := range b.contributions {
		if known.Node == c.Node && known.Epoch == c.Epoch && known.Addr == c.Addr {
			return known
		}
	}
	share := &contribution{candidate: c}
	b.contributions = append(b.contributions, share)
	return share
}

// sources adds up the contributions per node.
func (b *body) sources() []Source {
	var all []Source
	for _, c := range b.contributions {
		i := slices.IndexFunc(all, func(s Source) bool { return s.Node == c.Node })
		switch {
		case c.bytes == 0:
		case i < 0:
			all = append(all, Source{Node: c.Node, Bytes: c.bytes})
		default:
			all[i].Bytes += c.bytes
		}
	}
	return all
}

// accuse blames everyone who had a part in wrong bytes.
func (b *body) accuse() {
	b.f.metrics.corrupt.Inc()
	for _, c := range b.contributions {
		b.f.blame(c.candidate, failed(trackerapi.KindCorrupt, "%w", ErrCorrupt), want{digest: b.want.digest})
	}
}
