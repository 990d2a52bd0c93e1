package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/drayproject/dray/tracker/roster"
)

type nothing struct{}

func (a *Admin) summary(context.Context, *nothing) (Summary, error) {
	x, t := a.Index.Stats(), a.Pulls.Totals()
	s := Summary{
		Tracker: Tracker{Status: a.status(), Version: a.Version, StartedAt: a.started.UTC()},
		Nodes:   a.states(),
		Content: Content{Digests: x.Digests, Images: x.Images, Holdings: x.Pairs, Withheld: x.Accused},
		Pulls:   Traffic(t),

		ClosedGates: []string{},
	}
	if a.Memory != nil {
		m := a.Memory()
		s.Tracker.Memory = &m
	}
	for g := range roster.NumGates {
		if a.Roster.Closed(g) {
			s.ClosedGates = append(s.ClosedGates, g.String())
		}
	}
	return s, nil
}

// states counts all nodes as they are now.
func (a *Admin) states() (s States) {
	for n := range a.Roster.All() {
		s.count(n.State())
	}
	return s
}

func (s *States) count(state roster.State) {
	switch state {
	case roster.Joining:
		s.Joining++
	case roster.Ready:
		s.Ready++
	case roster.Suspect:
		s.Suspect++
	case roster.Dead:
		s.Dead++
	case roster.Draining:
		s.Draining++
	case roster.Gone:
		s.Gone++
	}
}

func (a *Admin) zones(context.Context, *nothing) (Zones, error) {
	byName := map[string]*States{}
	for n := range a.Roster.All() {
		zone := n.Identity().Zone
		if byName[zone] == nil {
			byName[zone] = new(States)
		}
		byName[zone].count(n.State())
	}
	all := Zones{Items: []Zone{}}
	for zone, nodes := range byName {
		all.Items = append(all.Items, Zone{zone, *nodes})
	}
	slices.SortFunc(all.Items, func(a, b Zone) int { return strings.Compare(a.Zone, b.Zone) })
	return all, nil
}
