package index

import (
	"slices"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestListsHaveEverything(t *testing.T) {
	x := New()
	image := func(name string, d int, at int64) trackerapi.Image {
		return trackerapi.Image{Name: name, Digest: dg(d), UpdatedAt: time.Unix(at, 0).UTC()}
	}
	mustApply(t, x, 1, whole(1, dgs(1, 2, 3), image("a", 1, 20)))
	mustApply(t, x, 70_000, whole(1, dgs(1), image("a", 2, 10), image("b", 1, 10)))
	x.Accuse(1, dg(1), trackerapi.KindMiss)

	if in, out := x.HoldersOf(dg(1)); !slices.Equal(in, []uint32{70_000}) || !slices.Equal(out, []uint32{1}) {
		t.Errorf("holders %v, withheld %v", in, out)
	}
	if in, out := x.HoldersOf(dg(9)); len(in)+len(out) != 0 {
		t.Errorf("holders %v, withheld %v of what nobody has", in, out)
	}
	if digests, images := x.Sizes(70_000); digests != 1 || images != 2 {
		t.Errorf("%d digests, %d images", digests, images)
	}
	if got := slices.Sorted(slices.Values(x.ImageNames())); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("names %v", got)
	}
	mustApply(t, x, 3, whole(1, nil, image("a", 1, 5)))
	versions := []Tagged{{dg(1), time.Unix(20, 0).UTC(), 2}, {dg(2), time.Unix(10, 0).UTC(), 1}}
	if got := x.Tags("a"); !slices.Equal(got, versions) {
		t.Errorf("versions %v; want %v", got, versions)
	}
	if got := x.Tags("nothing"); len(got) != 0 {
		t.Errorf("versions of nothing: %v", got)
	}
}
