package fleet

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// three nodes: 0 asks; 1 and 2 hold the digest 7.
func threeNodes(t *testing.T) *fleet {
	t.Helper()
	f, err := newFleet(t.Context(), Options{Nodes: 3, Digests: 1, Images: 10, Trackers: 1, Seed: 1}, 1, []string{"127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	for i, n := range f.nodes {
		n.digest = []uint32{uint32(7 * min(i, 1))}
		f.settle(n, 1)
	}
	f.interval.Store(int64(time.Minute / deadAfter))
	return f
}

func TestJudge(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  func(f *fleet) // after the question
		holders []int
		want    []string
	}{
		{name: "both holders", holders: []int{1, 2}},
		{name: "one is enough", holders: []int{2}},
		{name: "nobody", want: []string{"handout: empty, though there are holders"}},
		{name: "the asker", holders: []int{0, 1}, want: []string{"handout: the asker"}},
		{
			name: "nobody, and one has failed meanwhile", change: func(f *fleet) { f.fail(f.nodes[1], killed) },
		},
		{
			name: "one that has failed just now", change: func(f *fleet) { f.fail(f.nodes[1], unplugged) }, holders: []int{1},
		},
		{
			name: "one that failed long ago", holders: []int{1},
			change: func(f *fleet) { f.fail(f.nodes[1], killed); f.nodes[1].downAt.Add(-int64(time.Hour)) },
			want:   []string{"handout: a holder that is long dead"},
		},
		{
			name: "one that has just dropped it", holders: []int{1},
			change: func(f *fleet) { f.nodes[1].swap(f.catalogue, dice()) },
		},
		{
			name: "one that dropped it long ago", holders: []int{1},
			change: func(f *fleet) {
				f.nodes[1].swap(f.catalogue, dice())
				f.nodes[1].gone[7] = time.Now().Add(-time.Hour)
			},
			want: []string{"handout: a holder that has not got it"},
		},
		{
			name: "one at another address", holders: []int{1}, change: func(f *fleet) { f.nodes[1].addr = "elsewhere" },
			want: []string{"handout: a holder that is unknown"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := threeNodes(t)
			var handout trackerapi.Handout
			for _, i := range c.holders {
				handout = append(handout, trackerapi.Holder{Node: f.nodes[i].name, Addr: f.nodes[i].addr})
			}
			q := f.question(f.nodes[0], []uint32{7})
			if c.change != nil {
				c.change(f)
			}
			f.judge(q, []trackerapi.Handout{handout})
			if got := slices.Sorted(maps.Keys(f.note().trouble())); !slices.Equal(got, c.want) {
				t.Fatalf("got %q; want %q", got, c.want)
			}
		})
	}
}

func TestADownNodeThatIsGivenFirstIsReported(t *testing.T) {
	f := threeNodes(t)
	f.fail(f.nodes[2], killed)
	holder := func(i int) trackerapi.Holder {
		return trackerapi.Holder{Node: f.nodes[i].name, Addr: f.nodes[i].addr}
	}
	q := f.question(f.nodes[0], []uint32{7})
	if dead := f.judge(q, []trackerapi.Handout{{holder(1), holder(2)}}); dead != nil {
		t.Fatalf("%s was not given first", dead.Node)
	}
	if dead := f.judge(q, []trackerapi.Handout{{holder(2), holder(1)}}); dead == nil || dead.Node != f.nodes[2].name {
		t.Fatalf("got %v", dead)
	}
}

func TestWhatANodeSaysAddsUp(t *testing.T) {
	f := threeNodes(t)
	n := f.nodes[1]
	n.hash = 0
	n.fill(f.catalogue, []uint32{3}, []uint32{7})
	n.nameImages(f.catalogue)
	n.swap(f.catalogue, dice())
	m := n.all(f.catalogue)
	var want trackerapi.SetHash
	for _, d := range m.Add {
		want.Digest(d)
	}
	for _, i := range m.Images {
		want.Image(i)
	}
	if m.SetHash != uint64(want) || m.Seq != 3 || len(m.Add) != 1 || len(m.Images) != 1 {
		t.Fatalf("got %+v; want hash %x", m, want)
	}
}
