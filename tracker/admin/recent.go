package admin

import (
	"context"
	"slices"
	"strconv"

	"github.com/drayproject/dray/tracker/events"
	"github.com/drayproject/dray/tracker/roster"
)

type verdictsQuery struct {
	Node   string   `query:"node" maxLength:"255" doc:"Of this node"`
	State  []string `query:"state,explode" enum:"purged,joining,ready,suspect,dead,draining,gone" doc:"To one of these states"`
	Reason string   `query:"reason" maxLength:"64" doc:"For this reason"`
	Paging
}

func (q *verdictsQuery) match(v *roster.Verdict) bool {
	return (q.Node == "" || v.Node == q.Node) && (q.Reason == "" || string(v.Reason) == q.Reason) &&
		(len(q.State) == 0 || slices.Contains(q.State, v.To.String()))
}

func (a *Admin) verdicts(_ context.Context, q *verdictsQuery) (Verdicts, error) {
	page, next, err := a.latest(&q.Paging, "verdicts", events.OfVerdict, func(e *events.Event) bool { return q.match(e.Verdict) })
	v := Verdicts{Items: []VerdictItem{}, Next: next}
	for i := range page {
		v.Items = append(v.Items, showVerdict(&page[i]))
	}
	return v, err
}

func showVerdict(e *events.Event) VerdictItem {
	v := e.Verdict
	return VerdictItem{
		ID: e.ID, At: e.At.UTC(), Node: v.Node, Epoch: v.Epoch,
		From: v.From.String(), To: v.To.String(), Reason: string(v.Reason),
	}
}

func showWork(e *events.Event) WorkItem {
	w := e.Work
	return WorkItem{
		ID: e.ID, At: e.At.UTC(), Kind: w.Kind, Name: w.Name, State: w.State, Node: w.Node, Image: w.Image,
		Wanted: orEmpty(w.Wanted), Offset: w.Offset, Size: w.Size,
		Done: w.Done, Failed: w.Failed, Running: w.Running, Waiting: w.Waiting, Reason: w.Reason,
	}
}

// latest is a page of events, the newest first.
func (a *Admin) latest(p *Paging, list string, k events.Kind, match func(*events.Event) bool) (page []events.Event, next string, err error) {
	before := uint64(0)
	key, err := p.after(list)
	if key != "" {
		if before, err = strconv.ParseUint(key, 10, 64); err != nil || before == 0 {
			err = p.foreign()
		}
	}
	if err != nil {
		return nil, "", err
	}
	page = a.Log.Latest(k, before, p.Limit+1, match)
	if len(page) > p.Limit {
		page = page[:p.Limit]
		next = cursorTo(list, strconv.FormatUint(page[p.Limit-1].ID, 10))
	}
	return page, next, nil
}

// PullFilter chooses pulls.
type PullFilter struct {
	Node   string `query:"node" maxLength:"255" doc:"Into this node"`
	Digest string `query:"digest" maxLength:"160" doc:"Of this digest"`
}

func (f *PullFilter) match(p *events.Pull) bool {
	return (f.Node == "" || p.Node == f.Node) && (f.Digest == "" || string(p.Digest) == f.Digest)
}

type pullsQuery struct {
	PullFilter
	State []string `query:"state,explode" enum:"complete,ended,lost" doc:"With one of these ends"`
	Paging
}

func (a *Admin) pulls(_ context.Context, q *pullsQuery) (Pulls, error) {
	page, next, err := a.latest(&q.Paging, "pulls", events.OfPull, func(e *events.Event) bool {
		return q.match(e.Pull) && (len(q.State) == 0 || slices.Contains(q.State, string(e.Pull.State)))
	})
	all := Pulls{Items: []PullItem{}, Next: next}
	for _, e := range page {
		all.Items = append(all.Items, showPull(e.ID, e.Pull))
	}
	return all, err
}

type runningQuery struct {
	PullFilter
	Paging
}

func (a *Admin) runningPulls(_ context.Context, q *runningQuery) (RunningPulls, error) {
	running := a.Pulls.Running(q.match)
	all := make([]keyed[*events.Pull], len(running))
	for i := range running {
		p := &running[i]
		all[i] = keyed[*events.Pull]{p.Node + "\x00" + string(p.Digest), p}
	}
	page, frame, err := cut(&q.Paging, "running-pulls", slices.Values(all))
	return RunningPulls{shown(page, func(p *events.Pull) PullItem { return showPull(0, p) }), frame}, err
}

func showPull(id uint64, p *events.Pull) PullItem {
	i := PullItem{
		ID: id, Node: p.Node, Digest: p.Digest, State: string(p.State), Offset: p.Offset, Size: p.Size,
		Rate: p.Rate, Parent: p.Parent, Began: p.Began.UTC(), Sources: []PullSource{},
	}
	if !p.Over.IsZero() {
		over := p.Over.UTC()
		i.Over = &over
	}
	for _, s := range p.Sources {
		i.Sources = append(i.Sources, PullSource(s))
	}
	return i
}
