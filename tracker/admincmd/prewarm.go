package admincmd

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/drayproject/dray/tracker/admin"
	"github.com/drayproject/dray/tracker/placement"
)

// prewarming are the flags of a prewarm.
type prewarming struct {
	job            admin.JobRequest
	labels, except []string
	deadline       time.Duration
	rate, nodeRate int64
	detach         bool
}

func prewarmCommand() *cobra.Command {
	var f prewarming
	cmd := leaf("prewarm <image>…", "Get images to nodes before they ask, and show how it gets on", cobra.MinimumNArgs(1), imageNames,
		func(cmd *cobra.Command, s *session, images []string) error {
			if err := f.complete(images); err != nil {
				return Failure{Usage, err}
			}
			made, err := give[admin.JobItem](cmd.Context(), s.client, http.MethodPost, "/jobs", nil, &f.job)
			if err != nil {
				return err
			}
			if f.detach {
				return s.write(made, func() { _, _ = fmt.Fprintln(s, made.Job.ID) }) // to the terminal
			}
			return s.waitJob(cmd.Context(), made.Job.ID)
		})
	f.flags(cmd.Flags())
	return cmd
}

func (f *prewarming) flags(flags *pflag.FlagSet) {
	flags.StringSliceVar(&f.labels, "select", nil, "nodes with all of these labels, key=value")
	flags.StringSliceVar(&f.except, "except", nil, "but not those with any of these labels, key=value, or key for any value")
	flags.StringSliceVar(&f.job.Select.Nodes, "node", nil, "these nodes")
	flags.StringSliceVar(&f.job.Select.Zones, "zone", nil, "nodes of these zones")
	flags.IntVar(&f.job.Budget.Parallel, "parallel", 0, "how many copies are under way at a time (default 8)")
	flags.Int64Var(&f.rate, "rate", 0, "bytes per second for all copies together; 0: no bound")
	flags.Int64Var(&f.nodeRate, "rate-per-node", 0, "bytes per second for each copy; 0: no bound")
	flags.DurationVar(&f.deadline, "deadline", 0, "for the whole job; 0: none")
	flags.IntVar(&f.job.Retries, "retries", 2, "how often a node tries again what has failed")
	flags.StringSliceVar(&f.job.Platforms, "platform", nil, `platforms, like linux/arm64, or "all" (default each node's own)`)
	flags.StringVar(&f.job.PullSecret, "pull-secret", "", "name of the credentials, as the tracker knows them")
	flags.BoolVar(&f.job.Unpack, "unpack", false, "make the images ready for use")
	flags.BoolVar(&f.job.Pin, "pin", false, "keep garbage collection from them for as long as the job is kept")
	flags.BoolVar(&f.job.Standing, "standing", false, "nodes that join later are meant, too; does not wait for an end")
	flags.StringVar(&f.job.ID, "id", "", "the job's ID (default: one is made)")
	flags.BoolVarP(&f.detach, "detach", "d", false, "print the job's ID and do not wait")
}

func (f *prewarming) complete(images []string) (err error) {
	f.job.Images = images
	f.job.Deadline = placement.Duration(f.deadline)
	f.job.Budget.Rate, f.job.Budget.RatePerNode = f.rate, f.nodeRate
	f.detach = f.detach || f.job.Standing
	if f.job.Select.Labels, err = pairs(f.labels, true); err != nil {
		return err
	}
	f.job.Select.Except, err = pairs(f.except, false)
	return err
}

func pairs(all []string, valued bool) (map[string]string, error) {
	if len(all) == 0 {
		return nil, nil
	}
	m := map[string]string{}
	for _, one := range all {
		key, value, found := strings.Cut(one, "=")
		if key == "" || (valued && !found) {
			return nil, fmt.Errorf("%q: want key=value", one)
		}
		m[key] = value
	}
	return m, nil
}

// waitJob shows how a job gets on, until it is over. Who interrupts that leaves
// the job to go on.
func (s *session) waitJob(ctx context.Context, id string) error {
	last := ""
	for {
		j, err := call[admin.JobDetail](ctx, s.client, http.MethodGet, "/jobs/"+segment(id), nil)
		if err != nil {
			return err
		}
		if line := s.progress(&j); line != last && s.talks() {
			s.over(line, j.State)
			last = line
		}
		if j.State == "over" || j.State == "cancelled" {
			return s.ended(ctx, &j)
		}
		if !rest(ctx, lookAgain/2) {
			_, _ = fmt.Fprintf(os.Stderr, "\n%s goes on: tracker admin job show %s, or job cancel %s\n", id, id, id)
			return Failure{Other, errors.New("interrupted")}
		}
	}
}

// over writes the line in place of the one before, on a terminal.
func (s *session) over(line, state string) {
	if s.width == 0 {
		_, _ = fmt.Fprintln(s, line)
		return
	}
	_, _ = fmt.Fprintf(s, "\r\x1b[K%.*s", s.width-1, line)
	if state == "over" || state == "cancelled" {
		_, _ = fmt.Fprintln(s)
	}
}

const barWidth = 30

func (s *session) progress(j *admin.JobDetail) string {
	all := j.Done + j.Failed + j.Cancelled + j.Running + j.Waiting
	bar := ""
	if s.width > 0 {
		full := 0
		if all > 0 {
			full = barWidth * (j.Done + j.Failed + j.Cancelled) / all
		}
		bar = "[" + strings.Repeat("#", full) + strings.Repeat(".", barWidth-full) + "] "
	}
	return fmt.Sprintf("%s%s: %s, %d of %d done, %d running, %d waiting, %d failed, %s of %s",
		bar, j.Job.ID, j.State, j.Done, all, j.Running, j.Waiting, j.Failed, size(j.Offset), size(j.Size))
}

// ended shows what has failed.
func (s *session) ended(ctx context.Context, j *admin.JobDetail) error {
	if !s.talks() {
		if err := s.write(j, nil); err != nil {
			return err
		}
	}
	if j.Failed == 0 && j.State == "over" {
		return nil
	}
	if j.Failed > 0 && s.talks() {
		nodes, err := jobNodes(ctx, s.client, j.Job.ID, newQuery(), "failed")
		if err != nil {
			return err
		}
		drawJobNodes(s.screen, &nodes)
	}
	return Failure{NotDone, fmt.Errorf("%s is %s: %d failed", j.Job.ID, j.State, j.Failed)}
}
