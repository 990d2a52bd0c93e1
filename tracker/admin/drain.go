package admin

import (
	"context"

	"github.com/drayproject/dray/tracker/roster"
)

func (a *Admin) drain(_ context.Context, q *NodeQuery) (NodeChange, error) {
	return a.change("drain", q.Name, a.Roster.Drain)
}

func (a *Admin) undrain(_ context.Context, q *NodeQuery) (NodeChange, error) {
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
