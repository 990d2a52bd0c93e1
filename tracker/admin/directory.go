package admin

import (
	"context"
	"slices"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/tracker/index"
)

// directory is a picture of which image names point to which digests. It stays from
// one question to the next, which then looks only at what has changed. It is for
// one at a time.
type directory struct {
	index   *index.Index
	edition uint64 // of the index, when all was as it is here
	targets map[string]target
	of      map[digest.Digest][]string // ascending
}

// target is what a name points to.
type target struct {
	edition uint64
	digests []digest.Digest
}

func newDirectory(x *index.Index) *directory {
	return &directory{index: x, targets: map[string]target{}, of: map[digest.Digest][]string{}}
}

// named finds the names that point to these digests, up to n for each.
func (a *Admin) named(ctx context.Context, n int, digests ...digest.Digest) (map[digest.Digest][]string, error) {
	s, err := a.scan(ctx)
	if err != nil {
		return nil, err
	}
	defer s.end()
	if err := a.names.refresh(ctx, s); err != nil {
		return nil, err
	}
	found := make(map[digest.Digest][]string, len(digests))
	for _, d := range digests {
		all := a.names.of[d]
		found[d] = slices.Clone(all[:min(len(all), n)])
	}
	return found, nil
}

// refresh looks at the names that have changed. One that changes meanwhile is
// looked at again the next time.
func (n *directory) refresh(ctx context.Context, s *scan) error {
	edition := n.index.Edition()
	if edition == n.edition {
		return nil
	}
	now := n.index.Editions()
	for name := range n.targets {
		if _, there := now[name]; !there {
			n.point(name, target{})
		}
	}
	for name, at := range now {
		if n.targets[name].edition == at {
			continue
		}
		if err := s.stride(ctx); err != nil {
			return err
		}
		to := target{edition: at}
		for _, v := range n.index.Tags(name) {
			to.digests = append(to.digests, v.Digest)
		}
		n.point(name, to)
	}
	n.edition = edition
	return nil
}

// point makes a name point elsewhere, or, without digests, forgets it.
func (n *directory) point(name string, to target) {
	for _, d := range n.targets[name].digests {
		all := n.of[d]
		if at, there := slices.BinarySearch(all, name); there {
			all = slices.Delete(all, at, at+1)
		}
		if n.of[d] = all; len(all) == 0 {
			delete(n.of, d)
		}
	}
	for _, d := range to.digests {
		if at, there := slices.BinarySearch(n.of[d], name); !there {
			n.of[d] = slices.Insert(n.of[d], at, name)
		}
	}
	if n.targets[name] = to; len(to.digests) == 0 {
		delete(n.targets, name)
	}
}
