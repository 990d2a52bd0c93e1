package puller

import (
	"reflect"
	"testing"
	"time"

	"github.com/drayproject/dray/seeder/transfers"
)

func TestBytesAreAttributedToWhoSentThem(t *testing.T) {
	peers := func(s ...transfers.Source) transfers.Transfer {
		return transfers.Transfer{Result: transfers.Peer, Sources: s}
	}
	for _, c := range []struct {
		name                 string
		size, mirror, origin int64
		relayed              []transfers.Transfer
		want                 []Source
	}{
		{"nothing was sent: it was here", 100, 0, 0, nil, []Source{{FromLocal, "", 100}}},
		{"the registry sent all", 100, 0, 100, []transfers.Transfer{{Result: transfers.Miss}}, []Source{{FromOrigin, "", 100}}},
		{"the rest of an earlier pull", 100, 0, 60, nil, []Source{{FromLocal, "", 40}, {FromOrigin, "", 60}}},
		{"one neighbour", 100, 100, 0, []transfers.Transfer{peers(transfers.Source{Node: "b", Bytes: 100})}, []Source{{FromPeer, "b", 100}}},
		{
			"two neighbours in one transfer", 100, 100, 0,
			[]transfers.Transfer{peers(transfers.Source{Node: "c", Bytes: 70}, transfers.Source{Node: "b", Bytes: 30})},
			[]Source{{FromPeer, "b", 30}, {FromPeer, "c", 70}},
		},
		{
			"one neighbour in two transfers", 100, 100, 0,
			[]transfers.Transfer{peers(transfers.Source{Node: "b", Bytes: 70}), peers(transfers.Source{Node: "b", Bytes: 30})},
			[]Source{{FromPeer, "b", 100}},
		},
		{
			"neighbour, then registry", 100, 30, 70,
			[]transfers.Transfer{{Result: transfers.Failed, Sources: []transfers.Source{{Node: "b", Bytes: 30}}}},
			[]Source{{FromOrigin, "", 70}, {FromPeer, "b", 30}},
		},
		{
			"more was sent than taken", 100, 100, 0,
			[]transfers.Transfer{peers(transfers.Source{Node: "b", Bytes: 400})}, []Source{{FromPeer, "b", 100}},
		},
		{
			"the mirror had it by then", 100, 100, 0,
			[]transfers.Transfer{{Result: transfers.Local, Bytes: 100}}, []Source{{FromLocal, "", 100}},
		},
		{"the mirror has not said", 100, 100, 0, nil, []Source{{FromMirror, "", 100}}},
		{"an empty blob", 0, 0, 0, nil, nil},
		{"sent twice", 100, 50, 100, nil, []Source{{FromMirror, "", 50}, {FromOrigin, "", 100}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := attribute(c.size, c.mirror, c.origin, c.relayed); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTransfersFromBeforeDoNotCount(t *testing.T) {
	now := time.Now()
	all := []transfers.Transfer{{StartedAt: now.Add(time.Second)}, {StartedAt: now}, {StartedAt: now.Add(-time.Second)}}
	if got := since(all, now); len(got) != 2 {
		t.Errorf("got %d transfers, want the 2 that began at or after the time", len(got))
	}
}
