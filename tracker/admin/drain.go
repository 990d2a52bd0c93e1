package admin

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/drayproject/dray/tracker/placer"
	"github.com/drayproject/dray/tracker/roster"
)

type drainQuery struct {
	NodeQuery
	Save     bool   `query:"save" doc:"First have what only this node has, or what would fall below a policy's factor, copied elsewhere; meanwhile the node goes on as it is. Asked again, it changes the deadline"`
	Deadline string `query:"deadline" maxLength:"32" doc:"With save: time for it, like 10m; when it has passed and something is left, the drain is blocked until it is forced or given more time. Without it, as long as it takes"`
	Force    bool   `query:"force" doc:"With save: leave even with what is left"`

	within time.Duration
}

// Resolve implements [huma.Resolver].
func (q *drainQuery) Resolve(huma.Context) []error {
	if !q.Save && (q.Deadline != "" || q.Force) {
		return []error{&huma.ErrorDetail{Message: "only with save", Location: "query.save", Value: q.Save}}
	}
	if q.Deadline == "" {
		return nil
	}
	var err error
	if q.within, err = time.ParseDuration(q.Deadline); err != nil || q.within <= 0 {
		return []error{&huma.ErrorDetail{Message: "want a time like 10m", Location: "query.deadline", Value: q.Deadline}}
	}
	return nil
}

func (a *Admin) drain(ctx context.Context, q *drainQuery) (NodeChange, error) {
	if !q.Save {
		return a.change("drain", q.Name, a.Roster.Drain)
	}
	n, err := a.find(q.Name)
	if err != nil {
		return NodeChange{}, err
	}
	d, err := a.Placer.Save(ctx, q.Name, q.within, q.Force)
	if err != nil {
		return NodeChange{}, refused(err)
	}
	status := showDrain(&d)
	return NodeChange{Node: q.Name, State: n.State().String(), Drain: &status}, nil
}

// undrain ends a drain in whatever state it is.
func (a *Admin) undrain(ctx context.Context, q *NodeQuery) (NodeChange, error) {
	if err := a.Placer.StopSaving(ctx, q.Name); err != nil {
		return NodeChange{}, refused(err)
	}
	return a.change("undrain", q.Name, a.Roster.Undrain)
}

func (a *Admin) change(verb, name string, do func(string) (roster.State, error)) (NodeChange, error) {
	state, err := do(name)
	if err != nil {
		return NodeChange{}, problem(err)
	}
	a.log.Info(verb, "node", name, "state", state.String())
	return NodeChange{Node: name, State: state.String()}, nil
}

func (a *Admin) drains(context.Context, *struct{}) (Drains, error) {
	all := Drains{Items: []DrainStatus{}}
	for _, d := range a.Placer.Drains() {
		all.Items = append(all.Items, showDrain(&d))
	}
	return all, nil
}

func (a *Admin) drainOf(_ context.Context, q *NodeQuery) (DrainStatus, error) {
	d, there := a.Placer.DrainOf(q.Name)
	if !there {
		return DrainStatus{}, huma.Error404NotFound("the node is not being drained with its content saved", &huma.ErrorDetail{Message: "not known", Location: "path.name", Value: q.Name})
	}
	return showDrain(&d), nil
}

func showDrain(d *placer.Drain) DrainStatus {
	s := DrainStatus{
		Node: d.Node, State: string(d.State), Created: d.Created, Deadline: someTime(d.Deadline), Force: d.Force,
		Images: d.Images, Left: []LeftoverItem{}, Reason: d.Reason(),
	}
	for _, l := range d.Left {
		s.Left = append(s.Left, LeftoverItem(l))
	}
	return s
}
