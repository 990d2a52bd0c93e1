package fleet

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

const (
	questionTime = 30 * time.Second       // bounds one question of a person
	thinkTime    = 100 * time.Millisecond // between an answer and the next question
)

// inquiry is one kind of what people ask by the admin API.
type inquiry struct{ name, path string }

// inquiries are one of each kind: of the most popular image, of some node.
func (r *run) inquiries() []inquiry {
	n, image := r.fleet.someone(), r.fleet.catalogue.images[0]
	d := string(r.fleet.catalogue.digests[image.digests[0]])
	return []inquiry{
		{"summary", "/summary"},
		{"zones", "/zones"},
		{"nodes", "/nodes?limit=1000"},
		{"nodes by label and state", "/nodes?state=dead&label=none"},
		{"node", "/nodes/" + n.name},
		{"inventory", "/nodes/" + n.name + "/digests?limit=1000"},
		{"digest", "/digests/" + d},
		{"holders", "/digests/" + d + "/holders?limit=1000"},
		{"swarm", "/digests/" + d + "/swarm"},
		{"swarms", "/swarms"},
		{"images", "/images?limit=1000"},
		{"image", "/images/" + url.PathEscape(image.name)},
		{"at risk", "/at-risk?copies=1000&limit=1000"},
		{"what if a node dies", "/what-if?copies=3&node=" + n.name},
		{"explain", "/explain?node=" + n.name + "&digest=" + d},
		{"verdicts", "/verdicts?limit=1000"},
		{"pulls", "/pulls?limit=1000"},
		{"running pulls", "/pulls/running?limit=1000"},
	}
}

// people measures lookups alone, and beside somebody who asks one question of
// the admin API after the other, hardly with a pause.
func (r *run) people(ctx context.Context) error {
	alone, err := r.during(ctx, "lookups, nobody asks", perSecond(r.Lookups), r.one)
	if err != nil {
		return err
	}
	beside, a, err := r.beside(ctx, "lookups, somebody asks", r.inquiries(), thinkTime)
	if err != nil {
		return err
	}
	for _, q := range r.inquiries() {
		r.report.figure("question: "+q.name+", slowest answer", "s", atMost(1), a.took[q.name].Seconds())
	}
	r.report.figure("questions answered", "", nil, float64(a.count))
	r.report.figure("lookups, p99 while somebody asks over p99 alone", "", atMost(2), beside.p99()/max(alone.p99(), 0.001))
	return r.counting(ctx, alone.p99())
}

// counting measures lookups while every digest is looked at, one time after the
// other: what a tracker does once a minute for its metric of what is at risk.
func (r *run) counting(ctx context.Context, alone float64) error {
	walk := []inquiry{{"digests with fewer than two holders", "/at-risk?copies=2&limit=1"}}
	beside, a, err := r.beside(ctx, "lookups, what is at risk is counted", walk, 0)
	if err != nil {
		return err
	}
	r.report.figure("counts of what is at risk", "", nil, float64(a.count))
	r.report.figure("lookups, p99 during such counts over p99 alone", "", atMost(2), beside.p99()/max(alone, 0.001))
	return nil
}

// beside measures lookups while somebody asks questions.
func (r *run) beside(ctx context.Context, name string, questions []inquiry, think time.Duration) (*Phase, asked, error) {
	asking, stop := context.WithCancel(ctx)
	answers := make(chan asked, 1)
	go func() { answers <- r.askAll(asking, questions, think) }()
	p, err := r.during(ctx, name, perSecond(r.Lookups), r.one)
	stop()
	a := <-answers
	return p, a, cmp.Or(err, a.err)
}

// asked is how long the slowest answer of each kind took.
type asked struct {
	took  map[string]time.Duration
	count int
	err   error
}

// askAll asks every question of the first tracker, at least once, until ctx ends,
// and thinks after each answer.
func (r *run) askAll(ctx context.Context, questions []inquiry, think time.Duration) asked {
	a := asked{took: map[string]time.Duration{}}
	for {
		for _, q := range questions {
			if ctx.Err() != nil && a.took[q.name] > 0 {
				return a
			}
			begin := time.Now()
			if a.err = r.ask(context.WithoutCancel(ctx), q); a.err != nil {
				return a
			}
			a.took[q.name] = max(a.took[q.name], time.Since(begin))
			a.count++
			<-time.After(think)
		}
	}
}

func (r *run) ask(ctx context.Context, q inquiry) error {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.trackers[0].admin+"/admin/v1"+q.path, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("%s: %w", q.name, err)
	}
	defer res.Body.Close()
	if _, err = io.Copy(io.Discard, res.Body); err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", q.name, res.Status)
	}
	return err
}
