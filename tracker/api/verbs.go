package api

import (
	"net/http"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

func (a *API) register(r *http.Request, m *trackerapi.RegisterRequest) (resp trackerapi.RegisterResponse, err error) {
	if m.Node.Addr, err = peerAddr(m.Node.Addr, r.RemoteAddr); err != nil {
		return resp, err
	}
	n, newRun, err := a.roster.Register(m.Node)
	if err != nil {
		return resp, err
	}
	if newRun {
		a.index.Restart(n.Ordinal())
		a.swarm.Restarted(n)
	}
	resp.IntervalMS = a.roster.Tell(n).Milliseconds()
	resp.Hold = a.hold(n.Ordinal(), m.Walking)
	return resp, nil
}

func (a *API) announce(_ *http.Request, m *trackerapi.AnnounceRequest) (resp trackerapi.AnnounceResponse, err error) {
	n, err := a.roster.Hear(m.Sender)
	if err != nil {
		return resp, err
	}
	if resp.Resend = a.index.Apply(n.Ordinal(), m); !resp.Resend {
		a.swarm.Announced(n, m.Add)
	}
	if m.Whole {
		a.turns.end(n.Ordinal())
	}
	resp.Hold = resp.Resend && a.hold(n.Ordinal(), false)
	a.log.Debug("announce", "node", m.Node, "whole", m.Whole, "seq", m.Seq, "add", len(m.Add), "remove", len(m.Remove), "resend", resp.Resend, "hold", resp.Hold)
	return resp, nil
}

func (a *API) heartbeat(r *http.Request, m *trackerapi.HeartbeatRequest) (resp trackerapi.HeartbeatResponse, err error) {
	n, err := a.roster.Heartbeat(m.Sender, m.Load, lineOf(r))
	if err != nil {
		return resp, err
	}
	resp.Rejoin = a.swarm.Heartbeat(n, m.Load, m.Ingests)
	a.hear(m.Node, m.Ingests, true)
	resp.IntervalMS = a.roster.Tell(n).Milliseconds()
	resp.Look = a.roster.Looks(n)
	resp.Work = a.placer.Wants(n.Ordinal())
	resp.Resend, resp.Verify = a.index.Check(n.Ordinal(), m.Seq, m.SetHash)
	resp.Hold = resp.Resend && a.hold(n.Ordinal(), m.Walking)
	return resp, nil
}

func (a *API) lookup(_ *http.Request, m *trackerapi.LookupRequest) (trackerapi.LookupResponse, error) {
	handouts := make([]trackerapi.Handout, len(m.Digests))
	for i, d := range m.Digests {
		handouts[i] = a.swarm.Handout(m.Node, d, m.Limit)
	}
	return trackerapi.LookupResponse{Handouts: handouts}, nil
}

func (a *API) join(r *http.Request, m *trackerapi.JoinRequest) (resp trackerapi.JoinResponse, err error) {
	n, err := a.roster.Hear(m.Sender)
	if err != nil {
		return resp, err
	}
	begin := time.Now()
	resp = a.swarm.Join(r.Context(), n, m)
	result := joined(&resp)
	a.metrics.join(result, time.Since(begin))
	a.log.Debug("join", "node", m.Node, "digest", m.Digest, "offset", m.Offset, "result", result, "holders", len(resp.Handout))
	return resp, nil
}

// joined names what came of a join.
func joined(r *trackerapi.JoinResponse) string {
	switch {
	case len(r.Handout) > 0:
		return "parent"
	case r.Lease:
		return "lease"
	case r.Free:
		return "free"
	case r.Busy:
		return "busy"
	}
	return "none"
}

func (a *API) progress(_ *http.Request, m *trackerapi.ProgressRequest) (resp trackerapi.ProgressResponse, err error) {
	n, err := a.roster.Hear(m.Sender)
	if err != nil {
		return resp, err
	}
	a.swarm.Progress(n, m.Ingests)
	a.hear(m.Node, m.Ingests, false)
	return resp, nil
}

func (a *API) resolve(_ *http.Request, m *trackerapi.ResolveRequest) (trackerapi.ResolveResponse, error) {
	images := make([]trackerapi.Image, len(m.Names))
	for i, name := range m.Names {
		found, known := a.index.Resolve(name, a.usable)
		if !known {
			found.Name = name
		}
		images[i] = found
	}
	return trackerapi.ResolveResponse{Images: images}, nil
}

func (a *API) usable(ordinal uint32) bool {
	n := a.roster.At(ordinal)
	return n != nil && n.State().Usable()
}

func (a *API) report(_ *http.Request, m *trackerapi.ReportRequest) (resp trackerapi.ReportResponse, err error) {
	reporter, err := a.roster.Hear(m.Sender)
	if err != nil {
		return resp, err
	}
	var ofNodes, ofLoad, vouched []trackerapi.Report
	for _, rep := range m.Reports {
		switch {
		case rep.Peer == m.Node:
		case rep.Kind == trackerapi.KindOverloaded:
			ofLoad = append(ofLoad, rep)
		case rep.Kind == trackerapi.KindAlive:
			vouched = append(vouched, rep)
		case a.weigh(m.Node, rep):
			ofNodes = append(ofNodes, rep)
		}
	}
	a.roster.Accuse(reporter, ofNodes)
	a.roster.Overloaded(reporter, ofLoad)
	a.roster.Vouch(reporter, vouched)
	return resp, nil
}

// weigh takes a report that speaks against one digest of a node to the index,
// and says whether it speaks against the node. Kinds that this tracker does
// not know are a newer seeder's.
func (a *API) weigh(reporter string, rep trackerapi.Report) (ofNode bool) {
	log := a.log.With("node", rep.Peer, "kind", string(rep.Kind), "digest", rep.Digest, "offset", rep.Offset, "reporter", reporter)
	switch rep.Kind {
	case trackerapi.KindRefused, trackerapi.KindTimeout, trackerapi.KindStall, trackerapi.KindShort:
		log.Debug("report")
		return true
	case trackerapi.KindMiss:
		log.Debug("report")
		a.withhold(rep)
	case trackerapi.KindCorrupt:
		if a.withhold(rep) {
			log.Warn("report: node has served wrong bytes; it will be asked to verify its copy")
		}
	default:
		log.Debug("report of an unknown kind")
	}
	return false
}

// withhold takes a digest of one node out of the answers. A report without an
// epoch is about whichever run of the node is there now.
func (a *API) withhold(rep trackerapi.Report) bool {
	n := a.roster.ByName(rep.Peer)
	if n == nil || (rep.Epoch != 0 && rep.Epoch != n.Identity().Epoch) {
		return false
	}
	a.swarm.Accused(n, rep.Digest, rep.Offset)
	return a.index.Accuse(n.Ordinal(), rep.Digest, rep.Kind)
}

func (a *API) work(_ *http.Request, m *trackerapi.WorkRequest) (resp trackerapi.WorkResponse, err error) {
	n, err := a.roster.Hear(m.Sender)
	if err != nil {
		return resp, err
	}
	if resp, err = a.placer.Work(n, m); err != nil {
		return resp, err
	}
	a.log.Debug("work", "node", m.Node, "tasks", len(m.Tasks), "pins", len(m.Pins), "to_do", len(resp.Tasks), "to_keep", len(resp.Pins), "settled", resp.Settled)
	return resp, nil
}

func (a *API) leave(_ *http.Request, m *trackerapi.LeaveRequest) (resp trackerapi.LeaveResponse, err error) {
	return resp, a.roster.Leave(m.Sender)
}
