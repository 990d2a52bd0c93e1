package roster

import (
	"slices"
	"sync"
)

const maxAccusers = 64

// docket lists who has accused a node since it was last looked at, so that they
// can be told right from wrong.
type docket struct {
	mu       sync.Mutex
	accusers []*Node
}

func (d *docket) add(accuser *Node) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.accusers) < maxAccusers && !slices.Contains(d.accusers, accuser) {
		d.accusers = append(d.accusers, accuser)
	}
}

func (d *docket) take() []*Node {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := d.accusers
	d.accusers = nil
	return all
}
