package index

import (
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func TestEditionsTellWhichNamesHaveChanged(t *testing.T) {
	x := New()
	announce := func(node uint32, names ...string) {
		m := &trackerapi.AnnounceRequest{Whole: true, Seq: 1}
		for _, name := range names {
			m.Images = append(m.Images, trackerapi.Image{Name: name, Digest: digest.FromString(name), UpdatedAt: time.UnixMicro(5)})
		}
		x.Apply(node, m)
	}
	announce(1, "a", "b")
	before, at := x.Editions(), x.Edition()
	announce(2, "b")
	after := x.Editions()
	if after["a"] != before["a"] || after["b"] <= before["b"] || x.Edition() <= at {
		t.Fatalf("before %v, after %v", before, after)
	}
	if tags := x.TagsOf("b"); len(tags) != 2 || tags[1].Node != 2 || tags[1].Digest != digest.FromString("b") {
		t.Fatalf("b is tagged %v", tags)
	}
	at = x.Edition()
	announce(1, "b")
	if _, there := x.Editions()["a"]; there || x.Edition() <= at {
		t.Fatalf("a is still there: %v", x.Editions())
	}
	if images := x.ImagesOf(1); len(images) != 1 || images[0].Name != "b" {
		t.Fatalf("node 1 has %v", images)
	}
}
