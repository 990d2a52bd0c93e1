package adminapi

import "github.com/drayproject/dray/loadtest/adminapi/client"

// placement makes a policy, prewarms a node and has one save its content before
// it leaves, all of it on nodes that do what they are told.
func (q asking) placement() {
	factor, images := int64(2), []string{q.cl.image}
	policy := client.Policy{Name: "base", Images: &images, Factor: &factor}
	r, err := q.api.DryRunWithResponse(q.ctx, policy)
	q.is("dry-run", r.StatusCode(), err)
	if r.JSON200.Images != 1 {
		q.t.Errorf("dry run %+v", r.JSON200)
	}
	p, err := q.api.PutPolicyWithResponse(q.ctx, "base", policy)
	q.is("put-policy", p.StatusCode(), err)
	q.until("two nodes keep the image", func() bool {
		s, err := q.api.PolicyWithResponse(q.ctx, "base", nil)
		q.is("policy", s.StatusCode(), err)
		return len(s.JSON200.Status) == 1 && len(s.JSON200.Status[0].Have) == 2
	})
	all, err := q.api.PoliciesWithResponse(q.ctx, nil)
	q.is("policies", all.StatusCode(), err)
	if i := all.JSON200.Items; len(i) != 1 || i[0].Images != 1 || i[0].Short != 0 || i[0].Filed {
		q.t.Errorf("policies %+v", i)
	}
	places, err := q.api.PlacesWithResponse(q.ctx, &client.PlacesParams{Policy: "base", Image: q.cl.image})
	q.is("places", places.StatusCode(), err)
	if len(places.JSON200.Items) != 4 {
		q.t.Errorf("places %+v", places.JSON200.Items)
	}
	capacity, err := q.api.CapacityWithResponse(q.ctx, nil)
	q.is("capacity", capacity.StatusCode(), err)
	if len(capacity.JSON200.Zones) != 2 {
		q.t.Errorf("capacity %+v", capacity.JSON200.Zones)
	}
	who, err := q.api.PlacementWithResponse(q.ctx, nil)
	q.is("placement", who.StatusCode(), err)
	if !who.JSON200.Acting || !who.JSON200.Planned {
		q.t.Errorf("placement %+v", who.JSON200)
	}
	q.jobs()
	q.saving()
	gone, err := q.api.DeletePolicyWithResponse(q.ctx, "base")
	q.is("delete-policy", gone.StatusCode(), err)
}

func (q asking) jobs() {
	nodes, id := []string{"n2"}, "first"
	made, err := q.api.PostJobWithResponse(q.ctx, client.JobRequest{Id: &id, Images: []string{q.cl.image}, Select: &client.Selector{Nodes: &nodes}})
	q.is("post-job", made.StatusCode(), err)
	q.until("n2 has the image", func() bool {
		j, err := q.api.JobWithResponse(q.ctx, id, nil)
		q.is("job", j.StatusCode(), err)
		if j.JSON200.Failed > 0 {
			n, _ := q.api.JobNodesWithResponse(q.ctx, id, nil)
			q.t.Fatalf("the job has failed: %+v", n.JSON200)
		}
		return j.JSON200.State == "over" && j.JSON200.Done == 1
	})
	n, err := q.api.JobNodesWithResponse(q.ctx, id, nil)
	q.is("job-nodes", n.StatusCode(), err)
	all, err := q.api.JobsWithResponse(q.ctx, nil)
	q.is("jobs", all.StatusCode(), err)
	if len(all.JSON200.Items) != 1 {
		q.t.Errorf("jobs %+v", all.JSON200.Items)
	}
	c, err := q.api.CancelJobWithResponse(q.ctx, id)
	q.is("cancel-job", c.StatusCode(), err)
	d, err := q.api.DeleteJobWithResponse(q.ctx, id)
	q.is("delete-job", d.StatusCode(), err)
}

func (q asking) saving() {
	save := true
	d, err := q.api.DrainWithResponse(q.ctx, "n1", &client.DrainParams{Save: &save})
	q.is("drain", d.StatusCode(), err)
	if d.JSON200.Drain == nil || d.JSON200.Drain.State != "saving" {
		q.t.Errorf("drain %+v", d.JSON200)
	}
	q.until("n1 has left", func() bool {
		s, err := q.api.DrainStatusWithResponse(q.ctx, "n1", nil)
		q.is("drain-status", s.StatusCode(), err)
		return s.JSON200.State == "left"
	})
	all, err := q.api.DrainsWithResponse(q.ctx, nil)
	q.is("drains", all.StatusCode(), err)
	if len(all.JSON200.Items) != 1 {
		q.t.Errorf("drains %+v", all.JSON200.Items)
	}
	u, err := q.api.UndrainWithResponse(q.ctx, "n1")
	q.is("undrain", u.StatusCode(), err)
}
