package puller

import (
	"cmp"
	"slices"
	"time"

	"github.com/drayproject/dray/seeder/transfers"
)

// attribute says where the bytes of a blob came from. How many the mirror and
// the registry sent was counted on this side; relayed is the mirror's own
// account of who gave it its share. What neither sent was there already.
func attribute(size, mirror, origin int64, relayed []transfers.Transfer) []Source {
	var t tally
	t.add(Source{From: FromLocal, Bytes: size - mirror - origin})
	t.add(Source{From: FromOrigin, Bytes: origin})
	for _, r := range relayed {
		for _, s := range shares(r) {
			s.Bytes = min(s.Bytes, mirror) // the mirror may have sent more than was taken
			mirror -= s.Bytes
			t.add(s)
		}
	}
	t.add(Source{From: FromMirror, Bytes: mirror})
	return t.sources
}

func shares(t transfers.Transfer) []Source {
	if t.Result == transfers.Local {
		return []Source{{From: FromLocal, Bytes: t.Bytes}}
	}
	var all []Source
	for _, s := range t.Sources {
		all = append(all, Source{From: FromPeer, Node: s.Node, Bytes: s.Bytes})
	}
	return all
}

// since are the transfers that began at t or later.
func since(all []transfers.Transfer, t time.Time) []transfers.Transfer {
	return slices.DeleteFunc(all, func(x transfers.Transfer) bool { return x.StartedAt.Before(t) })
}

// unexplained: the mirror has not said yet where all its bytes were from.
func unexplained(all []Source) bool {
	return slices.ContainsFunc(all, func(s Source) bool { return s.From == FromMirror })
}

// tally adds up sources, each of which then appears once.
type tally struct{ sources []Source }

func (t *tally) add(s Source) {
	if s.Bytes <= 0 {
		return
	}
	i, found := slices.BinarySearchFunc(t.sources, s, func(a, b Source) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Node, b.Node))
	})
	if found {
		t.sources[i].Bytes += s.Bytes
		return
	}
	t.sources = slices.Insert(t.sources, i, s)
}
