package adminapi

import (
	"github.com/drayproject/dray/loadtest/adminapi/client"
)

func (q asking) content() {
	layer, index := string(q.cl.parts[4].Digest), string(q.cl.parts[0].Digest)
	d, err := q.api.DigestWithResponse(q.ctx, index, nil)
	q.is("digest", d.StatusCode(), err)
	if d.JSON200.Live != 2 || len(d.JSON200.Images) != 1 || d.JSON200.Images[0] != q.cl.image {
		q.t.Errorf("digest %+v", d.JSON200)
	}
	begin := layer[:19]
	like, err := q.api.DigestsWithResponse(q.ctx, &client.DigestsParams{Begin: &begin})
	q.is("digests", like.StatusCode(), err)
	if len(like.JSON200.Items) != 1 || like.JSON200.Items[0].Digest != layer {
		q.t.Errorf("digests that begin with %s: %+v", begin, like.JSON200)
	}
	h, err := q.api.HoldersWithResponse(q.ctx, layer, nil)
	q.is("holders", h.StatusCode(), err)
	if len(h.JSON200.Items) != 2 || h.JSON200.Items[0].Node != "n0" {
		q.t.Errorf("holders %+v", h.JSON200.Items)
	}
	i, err := q.api.ImageWithResponse(q.ctx, q.cl.image, nil)
	q.is("image", i.StatusCode(), err)
	if len(i.JSON200.Versions) != 1 || i.JSON200.Versions[0].Live != 2 {
		q.t.Errorf("image %+v", i.JSON200)
	}
	e, err := q.api.ExplainWithResponse(q.ctx, &client.ExplainParams{Node: "n2", Digest: layer})
	q.is("explain", e.StatusCode(), err)
	if c := e.JSON200.Candidates; len(c) != 2 || c[0].Node != "n1" || !c[0].HandedOut {
		q.t.Errorf("n2 is told %+v; want n1, which is near, first", c)
	}
	q.risks(layer)
}

func (q asking) risks(layer string) {
	three, zones := int64(3), []string{"a", "b"}
	r, err := q.api.AtRiskWithResponse(q.ctx, &client.AtRiskParams{Copies: &three})
	q.is("at-risk", r.StatusCode(), err)
	w, err := q.api.WhatIfWithResponse(q.ctx, &client.WhatIfParams{Zone: &zones})
	q.is("what-if", w.StatusCode(), err)
	if n := int64(len(q.cl.parts)); r.JSON200.Total != n || r.JSON200.Lost != 0 || w.JSON200.Lost != n {
		q.t.Errorf("at risk %d, lost %d, lost if both zones die %d", r.JSON200.Total, r.JSON200.Lost, w.JSON200.Lost)
	}
	s, err := q.api.SwarmWithResponse(q.ctx, layer, nil)
	q.is("swarm", s.StatusCode(), err)
	if len(s.JSON200.Nodes) != 1 || s.JSON200.Nodes[0].Parent != "n0" || s.JSON200.Nodes[0].Offset != 5 {
		q.t.Errorf("swarm %+v", s.JSON200)
	}
	all, err := q.api.SwarmsWithResponse(q.ctx, nil)
	q.is("swarms", all.StatusCode(), err)
	if len(all.JSON200.Items) != 1 || all.JSON200.Items[0].Digest != layer {
		q.t.Errorf("swarms %+v", all.JSON200.Items)
	}
}
