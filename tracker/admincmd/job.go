package admincmd

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/tracker/admin"
)

func jobNodes(ctx context.Context, c *client, id string, q *query, phases ...string) (admin.JobNodes, error) {
	path := "/jobs/" + segment(id) + "/nodes"
	if len(phases) > 0 {
		q.many["phase"] = &phases
	}
	return pages(ctx, c, path, q, func(all *admin.JobNodes, page admin.JobNodes) (int, string) {
		all.Items, all.Total = append(all.Items, page.Items...), page.Total
		return len(all.Items), page.Next
	})
}

func jobCommand() *cobra.Command {
	q := newQuery()
	return group("job", "Jobs that get images to nodes",
		show(view[admin.Jobs]{
			use: "list", short: "All jobs, the latest first", args: cobra.NoArgs, ask: fixed[admin.Jobs]("/jobs"), draw: drawJobs,
		}),
		show(view[admin.JobDetail]{
			use: "show <job>", short: "A job and its progress", args: cobra.ExactArgs(1), complete: jobIDs,
			ask: named[admin.JobDetail]("/jobs/", ""), draw: drawJob,
		}),
		show(view[admin.JobNodes]{
			use: "nodes <job>", short: "How it stands with each node and image of a job", args: cobra.ExactArgs(1), complete: jobIDs,
			flags: func(cmd *cobra.Command) {
				q.list(cmd.Flags(), "phase", "in one of these phases: waiting, pulling, done, failed, cancelled")
				q.most(cmd.Flags())
			},
			ask: func(ctx context.Context, c *client, args []string) (admin.JobNodes, error) {
				return jobNodes(ctx, c, args[0], q)
			},
			draw: drawJobNodes,
		}),
		leaf("cancel <job>", "Give up what is under way of a job, and begin nothing more", cobra.ExactArgs(1), jobIDs,
			func(cmd *cobra.Command, s *session, args []string) error {
				j, err := call[admin.JobItem](cmd.Context(), s.client, http.MethodPost, "/jobs/"+segment(args[0])+"/cancel", url.Values{})
				if err != nil {
					return err
				}
				return s.write(j, func() { drawJobs(s.screen, &admin.Jobs{Items: []admin.JobItem{j}}) })
			}),
		leaf("delete <job>…", "Cancel jobs and forget them", cobra.MinimumNArgs(1), jobIDs, func(cmd *cobra.Command, s *session, args []string) error {
			return s.remove(cmd.Context(), "/jobs/", args)
		}),
	)
}

func drawJobs(s *screen, a *admin.Jobs) {
	t := s.sheet("job", "state", "done", "failed", "running", "waiting", "images", "begun")
	for _, j := range a.Items {
		t.row(j.Job.ID, s.paint(j.State), number(j.Done), number(j.Failed), number(j.Running), number(j.Waiting), strings.Join(j.Job.Images, " "), at(j.Job.Created))
	}
	t.draw()
}

func drawJob(s *screen, j *admin.JobDetail) {
	drawJobs(s, &admin.Jobs{Items: []admin.JobItem{j.JobItem}})
	t := s.sheet("image", "live nodes", "digest")
	for _, i := range j.Images {
		t.row(i.Image, number(i.Live), dash(s.short(i.Digest)))
	}
	s.then(t)
}

func drawJobNodes(s *screen, a *admin.JobNodes) {
	t := s.sheet("node", "phase", "image", "there", "attempt", "reason", "+layers")
	for _, n := range a.Items {
		t.row(n.Node, s.paint(n.Phase), n.Image, part(n.Offset, n.Size), number(n.Attempt), n.Reason, number(len(n.Layers)))
	}
	t.draw()
}

func jobIDs(ctx context.Context, c *client, _ string) (ids []string, err error) {
	all, err := call[admin.Jobs](ctx, c, http.MethodGet, "/jobs", nil)
	for _, j := range all.Items {
		ids = append(ids, j.Job.ID)
	}
	return ids, err
}
