package roster

// weigh changes a node by one piece of evidence, and returns its standing then.
// If another does the same at the same time, it looks again at what that one
// has left.
func (r *Roster) weigh(n *Node, e Evidence) Standing {
	if e.Sign != Probed {
		e.Port, _ = r.portOf(n)
	}
	e.Cordoned, e.Looking = n.Order().Drains(), n.asking.Load() != idle
	e.Vouched, e.Interval = r.vouchedFor(n), r.intervalOf(n)
	for {
		before := n.sign.Load()
		heard, from := unpackSign(before)
		if e.Sign == Registered || e.Sign == Heard {
			heard = r.clock()
		}
		e.Silent = r.clock() - heard
		to, why := r.policy.Next(from, e)
		after := packSign(heard, to)
		if after == before || n.sign.CompareAndSwap(before, after) {
			r.follow(n, from, to, e.Sign, why)
			return to
		}
	}
}

// follow does what a change of standing calls for.
func (r *Roster) follow(n *Node, from, to Standing, sign Sign, why Reason) {
	if from.State != to.State {
		r.pronounce(n, from.State, to.State, why)
	}
	if to.State == Suspect && sign != Probed && (to != from || sign == Reported) {
		r.ask(n)
	}
}

func (r *Roster) pronounce(n *Node, from, to State, why Reason) {
	id := n.Identity()
	v := Verdict{Node: id.Name, Ordinal: n.ordinal, Epoch: id.Epoch, From: from, To: to, Reason: why}
	r.log.Info("node is "+to.String(), "node", v.Node, "epoch", v.Epoch, "addr", id.Addr, "was", from.String(), "reason", string(why))
	n.dossier.Load().history.note(v, &n.fitness, r.clock())
	r.observer.Observe(v)
}
