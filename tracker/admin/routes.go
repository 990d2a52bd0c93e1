package admin

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const root = "/admin/v1"

// The groups of operations in the document.
const (
	ofCluster = "cluster"
	ofNodes   = "nodes"
	ofContent = "content"
	ofEvents  = "events"
	ofPlaces  = "placement"
)

// routes are all that the admin listener answers.
func (a *Admin) routes() {
	a.open.HandleFunc("GET /livez", a.livez)
	a.open.HandleFunc("GET /readyz", a.readyz)
	a.closed.Handle("GET /metrics", promhttp.HandlerFor(a.Metrics, promhttp.HandlerOpts{}))

	api := humago.New(a.closed, document())
	get(api, ofCluster, "summary", "/summary", "The cluster at a glance", a.summary)
	get(api, ofCluster, "zones", "/zones", "Nodes by zone and state", a.zones)
	get(api, ofNodes, "nodes", "/nodes", "Nodes, by name", a.nodes)
	get(api, ofNodes, "node", "/nodes/{name}", "All about one node", a.node)
	get(api, ofNodes, "inventory", "/nodes/{name}/digests", "What a node holds", a.inventory)
	post(api, ofNodes, "drain", "/nodes/{name}/drain", "Take a node out of the answers, over restarts, until it is undrained", a.drain)
	get(api, ofNodes, "drains", "/drains", "Drains that save content first, by node", a.drains)
	get(api, ofNodes, "drain-status", "/drains/{name}", "How far the drain of a node is", a.drainOf)
	post(api, ofNodes, "undrain", "/nodes/{name}/undrain", "Bring a drained node back", a.undrain)
	get(api, ofContent, "digests", "/digests", "Digests that somebody holds", a.digests)
	get(api, ofContent, "digest", "/digests/{digest}", "All about one digest", a.digest)
	get(api, ofContent, "holders", "/digests/{digest}/holders", "Who holds a digest whole", a.holders)
	get(api, ofContent, "swarm", "/digests/{digest}/swarm", "What is on its way of a digest: partial holders, their tree, leases", a.swarm)
	get(api, ofContent, "swarms", "/swarms", "Digests that are on their way", a.swarms)
	get(api, ofContent, "images", "/images", "Image names", a.images)
	get(api, ofContent, "image", "/images/{name}", "What the cluster has by one image name", a.image)
	get(api, ofContent, "at-risk", "/at-risk", "Digests with too few live holders", a.atRisk)
	get(api, ofContent, "what-if", "/what-if", "Digests that would have too few live holders if these nodes or zones died", a.whatIf)
	get(api, ofContent, "explain", "/explain", "What a lookup would answer now, and why", a.explain)
	get(api, ofEvents, "verdicts", "/verdicts", "Recent changes of nodes' states", a.verdicts)
	get(api, ofEvents, "pulls", "/pulls", "Recent pulls that are over, as the nodes told them", a.pulls)
	get(api, ofEvents, "running-pulls", "/pulls/running", "Pulls under way, as the nodes told them", a.runningPulls)
	get(api, ofEvents, "hour", "/pulls/hour", "What pulls came to in each of the last 60 minutes", a.hour)
	get(api, ofPlaces, "placement", "/placement", "Who places content", a.placement)
	get(api, ofPlaces, "policies", "/policies", "Replication policies, by name", a.policies)
	get(api, ofPlaces, "policy", "/policies/{name}", "A policy, and how it stands with each of its images", a.policy)
	send(api, http.MethodPut, ofPlaces, "put-policy", "/policies/{name}", "Make a policy, or put it in place of the one of this name", a.putPolicy)
	send(api, http.MethodDelete, ofPlaces, "delete-policy", "/policies/{name}", "End a policy: what it kept is released, and stays until garbage collection wants the room", a.deletePolicy)
	post(api, ofPlaces, "dry-run", "/dry-run", "What a policy would cost, and what of it can't be", a.dryRun)
	get(api, ofPlaces, "places", "/places", "Every node as a candidate for one image of one policy", a.places)
	get(api, ofPlaces, "capacity", "/capacity", "Room for replicas, by zone and node", a.capacity)
	get(api, ofPlaces, "jobs", "/jobs", "Jobs that get images to nodes, the latest first", a.jobs)
	post(api, ofPlaces, "post-job", "/jobs", "Begin a job", a.postJob)
	get(api, ofPlaces, "job", "/jobs/{id}", "A job and its progress", a.job)
	get(api, ofPlaces, "job-nodes", "/jobs/{id}/nodes", "How it stands with each node and image of a job", a.jobNodes)
	post(api, ofPlaces, "cancel-job", "/jobs/{id}/cancel", "Give up what is under way of a job, and begin nothing more", a.cancelJob)
	send(api, http.MethodDelete, ofPlaces, "delete-job", "/jobs/{id}", "Cancel a job and forget it", a.deleteJob)
	a.stream(api)
	describe(api.OpenAPI())
}

// out is an answer with a body.
type out[T any] struct{ Body T }

// operation is what all but the stream have in common.
func operation(method, group, id, path, summary string) huma.Operation {
	return huma.Operation{
		OperationID: id, Method: method, Path: root + path, Summary: summary, Tags: []string{group},
	}
}

func get[In, Out any](api huma.API, group, id, path, summary string, do func(context.Context, *In) (Out, error)) {
	huma.Register(api, operation(http.MethodGet, group, id, path, summary), wrapped(do))
}

func post[In, Out any](api huma.API, group, id, path, summary string, do func(context.Context, *In) (Out, error)) {
	huma.Register(api, operation(http.MethodPost, group, id, path, summary), wrapped(do))
}

func send[In, Out any](api huma.API, method, group, id, path, summary string, do func(context.Context, *In) (Out, error)) {
	op := operation(method, group, id, path, summary)
	op.DefaultStatus = http.StatusOK
	huma.Register(api, op, wrapped(do))
}

func wrapped[In, Out any](do func(context.Context, *In) (Out, error)) func(context.Context, *In) (*out[Out], error) {
	return func(ctx context.Context, in *In) (*out[Out], error) {
		body, err := do(ctx, in)
		if err != nil {
			return nil, err
		}
		return &out[Out]{body}, nil
	}
}
