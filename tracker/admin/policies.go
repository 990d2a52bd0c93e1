package admin

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/drayproject/dray/tracker/placement"
	"github.com/drayproject/dray/tracker/placer"
)

func (a *Admin) placement(context.Context, *struct{}) (Placement, error) {
	s := a.Placer.Acting()
	return Placement{
		Acting: s.Me, Planned: s.Planned, Tracker: s.Tracker, Term: s.Term, Away: s.Away, Fault: s.Fault,
		Conflict: showConflicts(a.Placer.Contradictions()),
	}, nil
}

func showConflicts(all []placement.Contradiction) []Conflict {
	items := make([]Conflict, len(all))
	for i, c := range all {
		items[i] = Conflict(c)
	}
	return items
}

// refused gives a refusal of placement the form of this API.
func refused(err error) error {
	if err == nil {
		return nil
	}
	var details []error
	for _, field := range placement.FieldErrors(err) {
		details = append(details, &huma.ErrorDetail{Message: field.Reason, Location: "body." + field.Field})
	}
	if len(details) > 0 {
		return huma.Error422UnprocessableEntity("validation failed", details...)
	}
	return huma.NewError(placer.Status(err), err.Error())
}

// PolicyQuery names a policy.
type PolicyQuery struct {
	Name string `path:"name" maxLength:"63" doc:"The policy's name"`
}

func (a *Admin) policies(context.Context, *struct{}) (Policies, error) {
	all := Policies{Items: []PolicyItem{}}
	for _, s := range a.Placer.Policies() {
		all.Items = append(all.Items, showPolicy(&s))
	}
	return all, nil
}

func (a *Admin) policy(_ context.Context, q *PolicyQuery) (PolicyDetail, error) {
	s, err := a.Placer.Policy(q.Name)
	if err != nil {
		return PolicyDetail{}, refused(err)
	}
	return PolicyDetail{showPolicy(&s), showStatus(s.Images)}, nil
}

func showPolicy(s *placer.PolicyState) PolicyItem {
	item := PolicyItem{Policy: s.Policy, Filed: s.Filed, Images: len(s.Images)}
	for i := range s.Images {
		if len(s.Images[i].Have) < s.Images[i].Wanted {
			item.Short++
		}
	}
	return item
}

func showStatus(all []placement.Status) []PolicyImage {
	items := make([]PolicyImage, len(all))
	for i, s := range all {
		items[i] = PolicyImage{
			Image: s.Image, Digest: s.Digest, Wanted: s.Wanted, Have: orEmpty(s.Have), Coming: orEmpty(s.Coming),
			Missing: s.Missing, Reasons: []PlaceReason{},
		}
		for _, r := range s.Reasons {
			items[i].Reasons = append(items[i].Reasons, PlaceReason{string(r.Cause), r.Text, someTime(r.Until)})
		}
	}
	return items
}

// someTime is nil for none.
func someTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

type putPolicy struct {
	PolicyQuery
	Body placement.Policy
}

// Resolve implements [huma.Resolver].
func (q *putPolicy) Resolve(huma.Context) []error {
	if q.Body.Name != q.Name {
		return []error{&huma.ErrorDetail{Message: "not the name in the path", Location: "body.name", Value: q.Body.Name}}
	}
	return nil
}

func (a *Admin) putPolicy(ctx context.Context, q *putPolicy) (PolicyDetail, error) {
	if err := a.Placer.PutPolicy(ctx, q.Body); err != nil {
		return PolicyDetail{}, refused(err)
	}
	return a.policy(ctx, &q.PolicyQuery)
}

func (a *Admin) deletePolicy(ctx context.Context, q *PolicyQuery) (Named, error) {
	return Named{q.Name}, refused(a.Placer.DropPolicy(ctx, q.Name))
}

type dryRun struct{ Body placement.Policy }

func (a *Admin) dryRun(ctx context.Context, q *dryRun) (DryRun, error) {
	c, against, err := a.Placer.DryRun(ctx, q.Body)
	if err != nil {
		return DryRun{}, refused(err)
	}
	zones := c.Zones
	if zones == nil {
		zones = map[string]int{}
	}
	return DryRun{
		Images: c.Images, Copies: c.Copies, Bytes: c.Bytes, Unknown: c.Unknown, Zones: zones,
		Status: showStatus(c.Status), Contradiction: showConflicts(against),
	}, nil
}

type placesQuery struct {
	Policy string `query:"policy" required:"true" minLength:"1" maxLength:"63"`
	Image  string `query:"image" required:"true" minLength:"1" maxLength:"1024" doc:"The image's full name; its latest version is meant"`
	Limit  int    `query:"limit" minimum:"1" maximum:"20000" default:"1000" doc:"How many nodes to show"`
}

func (a *Admin) places(_ context.Context, q *placesQuery) (Places, error) {
	d, all, err := a.Placer.Explain(q.Policy, q.Image)
	if err != nil {
		return Places{}, refused(err)
	}
	answer := Places{Policy: q.Policy, Image: q.Image, Digest: d, Items: []Place{}, Total: len(all)}
	for _, c := range all[:min(len(all), q.Limit)] {
		parts := c.Parts
		if parts == nil {
			parts = map[string]float64{}
		}
		answer.Items = append(answer.Items, Place{c.Node, c.Zone, c.Holds, c.Chosen, c.Score, parts, c.Excluded})
	}
	return answer, nil
}

func (a *Admin) capacity(_ context.Context, q *Paging) (Capacity, error) {
	nodes, zones := a.Placer.Capacity()
	page, frame, err := cut(q, "capacity", func(yield func(keyed[*placement.Room]) bool) {
		for i := range nodes {
			if !yield(keyed[*placement.Room]{nodes[i].Node, &nodes[i]}) {
				return
			}
		}
	})
	c := Capacity{Zones: make([]Room, len(zones)), Nodes: shown(page, func(r *placement.Room) Room { return Room(*r) }), Page: frame}
	for i, r := range zones {
		c.Zones[i] = Room(r)
	}
	return c, err
}
