package placement

import (
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// large is a cluster in which every image is on as many nodes as its policy
// wants, and as users besides.
func large(b *testing.B, nodes, images, users int) *World {
	c := &steady{holders: map[string][]uint32{}, of: map[uint32][]trackerapi.Image{}}
	w := &World{Content: c}
	for i := range nodes {
		w.Nodes = append(w.Nodes, Node{Ordinal: uint32(i), Name: fmt.Sprintf("node-%d", i), Zone: fmt.Sprint("z", i%3), State: Live, Stability: 1})
	}
	for i := range images {
		image := trackerapi.Image{Name: fmt.Sprintf("registry.example/team/app-%d:1", i), Digest: dg(fmt.Sprint(i))}
		c.images = append(c.images, image)
		for k := range users {
			c.holders[image.Name] = append(c.holders[image.Name], uint32((i*7+k)%nodes))
		}
	}
	b.Logf("%d nodes, %d images on %d nodes each", nodes, images, users)
	return w
}

// BenchmarkMake: cold is a plan when nothing is replicated yet, steady one when
// nothing has changed.
func BenchmarkMake(b *testing.B) {
	for _, size := range []struct{ nodes, images, users int }{{1000, 200, 30}, {15_000, 3000, 150}} {
		w := large(b, size.nodes, size.images, size.users)
		policies := []Policy{three()}
		b.Run(fmt.Sprintf("cold/%d-nodes/%d-images", size.nodes, size.images), func(b *testing.B) {
			for b.Loop() {
				Make(w, policies, nil, start)
			}
		})
		pinned := *w
		pinned.Nodes = append([]Node(nil), w.Nodes...)
		for ordinal, pins := range Make(w, policies, nil, start).Pins {
			pinned.Nodes[ordinal].Pins = pins
		}
		b.Run(fmt.Sprintf("steady/%d-nodes/%d-images", size.nodes, size.images), func(b *testing.B) {
			for b.Loop() {
				if plan := Make(&pinned, policies, nil, start); len(plan.New) > 0 {
					b.Fatalf("%d new tasks", len(plan.New))
				}
			}
		})
	}
}

// BenchmarkDryRun is a policy whose copies have all to be made.
func BenchmarkDryRun(b *testing.B) {
	w := large(b, 1000, 200, 1)
	for b.Loop() {
		DryRun(w, nil, three(), start)
	}
}

// steady is content that does not change. It implements Content.
type steady struct {
	images  []trackerapi.Image
	holders map[string][]uint32
	of      map[uint32][]trackerapi.Image
}

func (s *steady) Latest() iter.Seq[trackerapi.Image]            { return slices.Values(s.images) }
func (s *steady) Holders(name string, _ digest.Digest) []uint32 { return s.holders[name] }
func (s *steady) Of(node uint32) []trackerapi.Image             { return s.of[node] }
