package index

import (
	"errors"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// checkImages says what is wrong, if each node's images are not its tags, or a
// name or digest has not one user for each tag. Nobody may use the index.
func checkImages(x *Index, models []*model) error {
	names, digests := map[uint32]int{}, map[uint32]int{}
	tags := 0
	for name, n := range x.images.byName {
		names[name] = len(n.tags)
		tags += len(n.tags)
		for _, t := range n.tags {
			digests[t.digest]++
			if got := x.inventory(t.node).images[name]; got != t {
				return fmt.Errorf("name %d has %+v, of which the node has %+v", name, t, got)
			}
		}
	}
	for _, m := range models {
		tags -= len(x.inventory(m.node).images)
	}
	if tags != 0 {
		return fmt.Errorf("the names have %d tags more than the nodes", tags)
	}
	return errors.Join(checkUsers(&x.images.names, names), checkUsers(&x.images.digests, digests))
}

// checkImagesOf says what is wrong, if the node has other images than the model.
func checkImagesOf(x *Index, m *model) error {
	got := map[string]trackerapi.Image{}
	for _, i := range x.ImagesOf(m.node) {
		got[i.Name] = i
	}
	if !maps.Equal(got, m.images) {
		return fmt.Errorf("node %d has %v; want %v", m.node, got, m.images)
	}
	return nil
}

// mustEndEmpty takes all nodes out, after which nothing is left.
func mustEndEmpty(t *testing.T, x *Index, models []*model) {
	t.Helper()
	for _, m := range models {
		x.Forget(m.node)
	}
	if err := checkImages(x, models); err != nil || x.Stats() != (Stats{}) || len(x.images.names.numbers)+len(x.images.digests.numbers) != 0 {
		t.Fatalf("left: %+v, %v, %v, %v", x.Stats(), x.images.names.numbers, x.images.digests.numbers, err)
	}
}

func TestNamesThatComeAndGoUseEachOthersNumbers(t *testing.T) {
	x := New()
	for i := range 1000 {
		image := trackerapi.Image{Name: fmt.Sprint(i), Digest: dg(i), UpdatedAt: time.Unix(int64(i), 0).UTC()}
		mustApply(t, x, uint32(i%2), whole(uint64(i), nil, image))
		if got, _ := x.Resolve(image.Name, func(uint32) bool { return true }); got != image {
			t.Fatalf("got %+v; want %+v", got, image)
		}
	}
	// Two nodes have one each, besides the one that is being replaced.
	if names, digests := len(x.images.names.entries)-1, len(x.images.digests.entries)-1; names > 3 || digests > 3 {
		t.Fatalf("room for %d names and %d digests", names, digests)
	}
}

func TestQuestionsAboutUnknownNamesLeaveNothing(t *testing.T) {
	x := New()
	nobody := among()
	x.Resolve("a", func(uint32) bool { return true })
	x.Tags("a")
	x.TagsOf("a")
	x.CensusOf("a", nobody, nobody)
	x.Apply(1, &trackerapi.AnnounceRequest{Whole: true, Seq: 1})
	x.Apply(1, &trackerapi.AnnounceRequest{From: 1, Seq: 2, ImagesGone: []string{"a"}})
	mustEndEmpty(t, x, []*model{newModel(1)})
	if got := len(x.images.names.entries); got != 1 {
		t.Fatalf("room for %d names", got-1)
	}
}
