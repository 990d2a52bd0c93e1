package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Bounds of papers. Beyond them a paper is refused before it is sent.
const (
	MaxPaper     = 512 << 10 // bytes of one paper's text
	MaxPaperName = 255       // bytes
)

// ErrConflict is what errors wrap when a paper is not as its writer thought:
// somebody else has changed it, or it is there already, or gone.
var ErrConflict = errors.New("somebody else has changed it meanwhile")

// Desk is where trackers keep what they have decided together, and which of them
// acts on it. Its methods are for concurrent use, also beside a [Journal] of the
// same memory, once that was opened.
type Desk interface {
	Papers
	Claims
}

// Kind is a kind of papers.
type Kind string

// The kinds.
const (
	Policies Kind = "policy" // what content should be where
	Jobs     Kind = "job"    // what is to be got there once
	Drains   Kind = "drain"  // nodes that are to leave once their content is safe
	Parts    Kind = "parts"  // what images consist of
	Ended    Kind = "ended"  // what nodes have done, or failed to do
	Views    Kind = "view"   // how it stands, as the tracker that acts sees it
)

// Kinds are all of them.
func Kinds() []Kind { return []Kind{Policies, Jobs, Drains, Parts, Ended, Views} }

// Paper is a document that is replaced whole.
type Paper struct {
	Kind Kind
	Name string
	// Rev tells one text of a paper from another. Over all papers of a kind,
	// no number is given twice, and later ones are larger.
	Rev  int64
	Text []byte
}

// Papers keeps papers. Who writes one says which it has read: so nothing is
// overwritten unseen, be it by a tracker that believes that it still acts.
type Papers interface {
	// Papers has all papers of a kind, in no order, and the latest revision
	// that was given to any, also to one that is gone. A number below one
	// that was seen before says that the memory has lost something.
	Papers(ctx context.Context, k Kind) (all []Paper, latest int64, err error)
	// Latest is the second of these alone: while it is the same, so is all
	// the rest.
	Latest(ctx context.Context, k Kind) (int64, error)
	// Put writes a paper in place of the one with its revision, or, with 0,
	// where there is none; the new revision is larger than any that this
	// Papers has seen. [ErrConflict] changes nothing.
	Put(ctx context.Context, p Paper) (rev int64, err error)
	// Drop takes the paper with that revision away. [ErrConflict] changes
	// nothing.
	Drop(ctx context.Context, p Paper) error
}

// Claim says who acts for all trackers.
type Claim struct {
	Holder string // a Journal's ID
	// Term grows with each change of the holder.
	Term int64
}

// Claims is how trackers agree on who acts.
type Claims interface {
	// Claim takes the right to act for so long, or makes what is left of it
	// as long again, unless another has it; and says who has it then. Its
	// time begins at the memory, later than the call did: who counts from
	// the call's begin stops before anyone else can start.
	Claim(ctx context.Context, hold time.Duration) (Claim, error)
	// Resign gives the right back, if this tracker has it.
	Resign(ctx context.Context) error
}

// Check refuses a paper that is out of bounds.
func (p *Paper) Check() error {
	switch {
	case !slices.Contains(Kinds(), p.Kind):
		return fmt.Errorf("there is no kind %.40q of papers", p.Kind)
	case p.Name == "" || len(p.Name) > MaxPaperName:
		return fmt.Errorf("paper's name has %d bytes: want 1 to %d", len(p.Name), MaxPaperName)
	case len(p.Text) == 0 || len(p.Text) > MaxPaper:
		return fmt.Errorf("paper %s/%s has %d bytes: want 1 to %d", p.Kind, p.Name, len(p.Text), MaxPaper)
	}
	return nil
}
