package placement

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/placement"
)

// asked is when somebody wants an image again that is nowhere.
const asked = 15 * time.Minute

// run is one scheme's year.
type run struct {
	*cluster
	scheme scheme
	ahead  []happening
	again  []happening // pulls of what was lost, in order
	tasks  map[string]*copying
	plan   *placement.Plan
	moved  bool // something has changed that a plan could answer
	versed []int
	row    Row
	sample time.Duration // when the curves get their next point
}

// copying is a task, and when its last byte comes.
type copying struct {
	placement.Known
	ends time.Duration
}

// play runs one scheme through the weather.
func play(ctx context.Context, o *Options, s scheme, all []happening) (Row, error) {
	r := &run{
		cluster: newCluster(o, s.memory), scheme: s, ahead: all, tasks: map[string]*copying{},
		versed: make([]int, o.Images), row: Row{Scheme: s.name},
	}
	for end := o.span(); r.now < end; {
		if err := ctx.Err(); err != nil {
			return Row{}, err
		}
		r.happen()
		r.decide()
		r.pass(min(r.next(), end))
	}
	r.measure()
	return r.row, nil
}

// next is when something happens next.
func (r *run) next() time.Duration {
	at := r.o.span()
	for _, list := range [][]happening{r.ahead, r.again} {
		if len(list) > 0 {
			at = min(at, list[0].at)
		}
	}
	for _, t := range r.tasks {
		if !t.Over() {
			at = min(at, t.ends)
		}
	}
	if r.plan != nil && !r.plan.Next.IsZero() {
		at = min(at, r.plan.Next.Sub(epoch)+step)
	}
	return max(at.Truncate(step), r.now+step)
}

// happen does what is due.
func (r *run) happen() {
	for len(r.ahead) > 0 && r.ahead[0].at <= r.now {
		r.one(r.ahead[0])
		r.ahead = r.ahead[1:]
	}
	for len(r.again) > 0 && r.again[0].at <= r.now {
		r.pullAgain(r.again[0])
		r.again = r.again[1:]
	}
	for _, t := range r.tasks {
		if !t.Over() && t.ends <= r.now && r.slots[t.Node].live() {
			r.arrive(t)
		}
	}
	if r.plan != nil && !r.plan.Next.IsZero() && !epoch.Add(r.now).Before(r.plan.Next) {
		r.moved = true
	}
}

func (r *run) one(h happening) {
	s := r.slots[h.slot]
	switch h.kind {
	case warned:
		if r.scheme.saves && s.live() {
			s.node.State, r.moved = placement.Saving, true
		}
	case down, wiped:
		r.goDown(h.slot, h.kind == wiped)
	case back:
		r.comeBack(h.slot)
	case pushed:
		r.push(h.slot, h.image)
	}
}

// goDown takes a node away. What a tracker has to do is nothing where the node had
// nothing, and all is well.
func (r *run) goDown(at int, wiped bool) {
	s := r.slots[at]
	if s.outs++; s.outs == 1 {
		s.node.State, s.since = placement.Away, r.now
		r.worn(s)
		r.touch(at)
	}
	if !wiped || s.lost {
		return
	}
	s.lost = true
	for name, has := range s.images {
		i := r.byName[name]
		if _, left := r.copies(i); has.digest == i.digest && left == 0 {
			r.row.Lost++
			r.row.LostBytes += i.size
			r.again = append(r.again, happening{at: r.now + asked, slot: at, image: slices.Index(r.images, i)})
		}
	}
}

func (r *run) comeBack(at int) {
	s := r.slots[at]
	if s.outs--; s.outs > 0 {
		return
	}
	r.touch(at)
	if s.lost {
		r.wipe(at)
	}
	s.lost, s.node.State, s.since = false, placement.Live, r.now
	r.worn(s)
}

// touch says that the plan has to be made anew, if it could be another.
func (r *run) touch(at int) {
	r.moved = r.moved || len(r.slots[at].images) > 0 || r.unwell() || slices.ContainsFunc(r.plan.Tasks, func(k placement.Known) bool { return int(k.Node) == at })
}

func (r *run) unwell() bool {
	return r.plan == nil || slices.ContainsFunc(r.plan.Images, func(s placement.Status) bool { return s.Missing > 0 || len(s.Reasons) > 0 })
}

// push has a node pull a new version of an image, if there is one.
func (r *run) push(at, number int) {
	i := r.images[number]
	at, found := r.someone(at)
	if !found {
		return
	}
	r.versed[number]++
	i.digest = digest.FromString(fmt.Sprint(i.name, r.versed[number]))
	i.at = r.now
	clear(i.on)
	r.put(at, i, i.digest)
	r.row.Pushed += i.size
	r.moved = true
}

// pullAgain is for what was lost and somebody needs, if it is still nowhere.
func (r *run) pullAgain(h happening) {
	i := r.images[h.image]
	at, found := r.someone(h.slot)
	if live, _ := r.copies(i); live > 0 || !found {
		return
	}
	r.put(at, i, i.digest)
	r.row.Origin += i.size
	r.moved = true
}

// arrive ends a copy.
func (r *run) arrive(t *copying) {
	i := r.byName[t.Image]
	t.State.Phase, t.State.Digest, t.Ended = trackerapi.TaskDone, t.Digest, epoch.Add(r.now)
	r.put(int(t.Node), i, t.Digest)
	s := r.slots[t.Node]
	pin := trackerapi.Pin{Image: t.Image, Digest: t.Digest, Owners: t.Owners}
	s.node.Pins = append(slices.DeleteFunc(slices.Clone(s.node.Pins), func(p trackerapi.Pin) bool { return p.Image == t.Image }), pin)
	r.moved = true
}

// decide plans, and tells the nodes.
func (r *run) decide() {
	if !r.moved {
		return
	}
	r.moved = false
	w := &placement.World{Nodes: r.nodes(), Content: r.cluster}
	for _, t := range r.tasks {
		w.Tasks = append(w.Tasks, t.Known)
	}
	r.plan = placement.Make(w, []placement.Policy{r.scheme.policy}, nil, epoch.Add(r.now))
	r.row.Plans++
	tasks := make(map[string]*copying, len(r.plan.Tasks))
	for _, k := range r.plan.Tasks {
		if before := r.tasks[k.ID]; before != nil && before.Attempt == k.Attempt {
			before.Known = k
			tasks[k.ID] = before
		} else {
			tasks[k.ID] = r.begin(k)
		}
	}
	r.tasks = tasks
	r.keep(w.Nodes)
}

// begin starts a copy: from a node if one has it, in the same zone if one is
// there, or else from upstream.
func (r *run) begin(k placement.Known) *copying {
	i := r.byName[k.Image]
	span := time.Duration(float64(i.size) / (r.o.RateMiB * (1 << 20)) * float64(time.Second))
	near, any := false, false
	for at := range i.on {
		if r.slots[at].live() {
			any = true
			near = near || r.slots[at].node.Zone == r.slots[k.Node].node.Zone
		}
	}
	switch {
	case !any:
		r.row.Origin += i.size
	case !near:
		r.row.Across += i.size
	}
	r.row.Moved += i.size
	r.row.Copies++
	return &copying{Known: k, ends: r.now + max(span, step)}
}

// keep pins what the plan says, and lets the kubelet collect what it does not.
func (r *run) keep(known []placement.Node) {
	for _, n := range known {
		at := int(n.Ordinal)
		s := r.slots[at]
		if !s.live() || len(s.images) == 0 {
			continue
		}
		pins := r.plan.Pins[n.Ordinal]
		s.node.Pins = slices.DeleteFunc(slices.Clone(pins), func(p trackerapi.Pin) bool { return s.images[p.Image].digest != p.Digest })
		for name, has := range s.images {
			pinned := slices.ContainsFunc(s.node.Pins, func(p trackerapi.Pin) bool { return p.Image == name })
			switch {
			case pinned:
				has.idle = r.now
				s.images[name] = has
			case r.now-has.idle > collect:
				r.drop(at, name)
			}
		}
	}
}
