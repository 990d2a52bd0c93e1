package placer

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/placement"
)

// View is how it stands, as the tracker that acts sees it. The others read it in
// the common memory, a second or two later.
type View struct {
	At     time.Time                  `json:"at"`
	Images []placement.Status         `json:"images,omitempty"`
	Jobs   []placement.JobStatus      `json:"jobs,omitempty"`
	Drains []placement.DrainStatus    `json:"drains,omitempty"`
	Tasks  []placement.Known          `json:"tasks,omitempty"`
	Rooms  map[string]trackerapi.Room `json:"rooms,omitempty"`
}

const (
	viewName  = "all"
	showEvery = time.Second
	maxView   = 64 << 20 // bytes, unpacked
	roomsStep = 64 << 20 // bytes; less is no news
)

// shown is what the common memory has.
type shown struct {
	rev int64
	sum uint64
	at  time.Time
}

// viewOf makes a view, mu being held.
func (p *Placer) viewOf(plan *placement.Plan) View {
	v := View{Images: plan.Images, Jobs: plan.Jobs, Drains: plan.Drains, Rooms: map[string]trackerapi.Room{}}
	for _, k := range p.tasks {
		v.Tasks = append(v.Tasks, k.Known)
	}
	slices.SortFunc(v.Tasks, func(a, b placement.Known) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for name, t := range p.told {
		if t.room.Total > 0 {
			v.Rooms[name] = t.room
		}
	}
	return v
}

// show puts the view into the common memory, if it has changed.
func (p *Placer) show(ctx context.Context, plan *placement.Plan) error {
	p.mu.Lock()
	v := p.viewOf(plan)
	p.mu.Unlock()
	if !p.Shared || time.Since(p.shown.at) < showEvery {
		return nil
	}
	for name, r := range v.Rooms {
		v.Rooms[name] = trackerapi.Room{Total: r.Total, Free: r.Free / roomsStep * roomsStep}
	}
	text, sum, err := pack(v)
	if err != nil || sum == p.shown.sum {
		return err
	}
	paper := journal.Paper{Kind: journal.Views, Name: viewName, Rev: p.shown.rev, Text: text}
	rev, err := p.Desk.Put(ctx, paper)
	if errors.Is(err, journal.ErrConflict) {
		all, _, err := p.Desk.Papers(ctx, journal.Views)
		for _, paper := range all {
			p.shown.rev = paper.Rev
		}
		if len(all) == 0 {
			p.shown.rev = 0
		}
		return err // it is shown with the next plan
	}
	if err == nil {
		p.shown = shown{rev, sum, time.Now()}
	}
	return err
}

// pack makes a text of a view. Of what does not fit, the least needed goes first.
func pack(v View) (text []byte, sum uint64, err error) {
	for _, less := range []func(*View){nil, withoutLayers, withoutOver, withoutNodes} {
		if less != nil {
			less(&v)
		}
		plain, err := json.Marshal(v)
		if err != nil {
			return nil, 0, err
		}
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, _ = z.Write(plain) // it never fails
		_ = z.Close()
		if text, sum = b.Bytes(), xxhash.Sum64(plain); len(text) <= journal.MaxPaper {
			return text, sum, nil
		}
	}
	return nil, 0, errors.New("how it stands is too much to be shown")
}

func withoutLayers(v *View) {
	v.Tasks = slices.Clone(v.Tasks)
	for i := range v.Tasks {
		v.Tasks[i].State.Layers = nil
	}
}

func withoutOver(v *View) {
	v.Tasks = slices.DeleteFunc(slices.Clone(v.Tasks), func(k placement.Known) bool { return k.Over() })
}

func withoutNodes(v *View) {
	v.Jobs, v.Images = slices.Clone(v.Jobs), slices.Clone(v.Images)
	for i := range v.Jobs {
		v.Jobs[i].Nodes = failures(v.Jobs[i].Nodes)
	}
	v.Images = slices.DeleteFunc(v.Images, func(s placement.Status) bool { return s.Missing == 0 })
	v.Rooms = nil
}

func unpack(text []byte) (v View, err error) {
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return v, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxView))
	if err != nil {
		return v, err
	}
	return v, json.Unmarshal(plain, &v)
}

// look is for a tracker that does not act: it takes in what is shown.
func (p *Placer) look(ctx context.Context) {
	latest, err := p.Desk.Latest(ctx, journal.Views)
	if err != nil || latest == p.shown.rev {
		return
	}
	all, _, err := p.Desk.Papers(ctx, journal.Views)
	if err != nil || len(all) != 1 {
		return
	}
	v, err := unpack(all[0].Text)
	if err != nil {
		p.log.Debug("view can't be read", "error", err)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	v.At = time.Now()
	p.view, p.shown = v, shown{rev: all[0].Rev}
}

// View is how it stands now, as far as this tracker knows.
func (p *Placer) View() View {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.acts() && p.plan != nil {
		v := p.viewOf(p.plan)
		v.At = p.seen
		return v
	}
	return p.view
}
