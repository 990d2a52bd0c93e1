package fleet

import (
	"cmp"
	"context"
	"net/url"
	"time"
)

const (
	aPerson = time.Second     // between two questions of one person
	aCrowd  = time.Second / 7 // of several people

	rounds = 3 // each a turn of lookups alone, and one beside questions
)

// inquiry is one kind of what people ask by the admin API. One with a body is a
// POST.
type inquiry struct{ name, path, body string }

// inquiries are one of each kind: of the most popular image, of some node.
func (r *run) inquiries() []inquiry {
	n, image := r.fleet.someone(), r.fleet.catalogue.images[0]
	d := string(r.fleet.catalogue.digests[image.digests[0]])
	all := []inquiry{{
		name: "dry run", path: "/dry-run", body: `{"name":"dry","images":["registry.example/team-1/**"],"factor":3}`,
	}}
	for _, q := range [][2]string{
		{"summary", "/summary"},
		{"zones", "/zones"},
		{"nodes", "/nodes?limit=1000"},
		{"nodes by label and state", "/nodes?state=dead&label=none"},
		{"node", "/nodes/" + n.name},
		{"inventory", "/nodes/" + n.name + "/digests?limit=1000"},
		{"digests", "/digests?limit=1000"},
		{"digest", "/digests/" + d},
		{"holders", "/digests/" + d + "/holders?limit=1000"},
		{"swarm", "/digests/" + d + "/swarm"},
		{"swarms", "/swarms"},
		{"images", "/images?limit=1000"},
		{"image", "/images/" + url.PathEscape(image.name)},
		{"at risk", "/at-risk?copies=1000&limit=1000"},
		{"at risk, as counted each minute", "/at-risk?copies=2&limit=1"},
		{"what if a node dies", "/what-if?copies=3&node=" + n.name},
		{"what if a zone dies", "/what-if?copies=1000&limit=1000&zone=" + n.zone},
		{"explain", "/explain?node=" + n.name + "&digest=" + d},
		{"verdicts", "/verdicts?limit=1000"},
		{"pulls", "/pulls?limit=1000"},
		{"running pulls", "/pulls/running?limit=1000"},
		{"pulls of the hour", "/pulls/hour"},
		{"placement", "/placement"},
		{"capacity", "/capacity?limit=1000"},
	} {
		all = append(all, inquiry{name: q[0], path: q[1]})
	}
	return all
}

// people measures what questions of people do to lookups: of each kind one a
// second, and at last of all kinds seven a second.
func (r *run) people(ctx context.Context) error {
	all := r.inquiries()
	var worst, slowest float64
	whole := [2]*turns{newTurns(), newTurns()}
	for _, q := range all {
		told, err := r.beside(ctx, &asker{name: q.name, questions: []inquiry{q}, every: aPerson}, whole)
		if err != nil {
			return err
		}
		worst, slowest = max(worst, told.Times()), max(slowest, told.Slowest)
	}
	r.report.Phases = append(r.report.Phases, whole[0].phase("lookups, nobody asks"), whole[1].phase("lookups, somebody asks"))
	r.report.figure("slowest answer of all kinds of questions", "s", atMost(1), slowest)
	r.report.figure("lookups, p99 beside the worst kind of question over p99 alone", "", atMost(2), worst)
	crowd := [2]*turns{newTurns(), newTurns()}
	told, err := r.beside(ctx, &asker{name: "all kinds, seven a second", questions: all, every: aCrowd}, crowd)
	if err != nil {
		return err
	}
	r.report.Phases = append(r.report.Phases, crowd[1].phase("lookups, several people ask"))
	r.report.figure("lookups, p99 beside seven questions a second over p99 alone", "", nil, told.Times())
	return nil
}

// beside measures lookups in turns, without questions and with them: what else
// happens on the machine falls on both alike, or on one turn, which then does not
// count. They are added to the whole.
func (r *run) beside(ctx context.Context, a *asker, whole [2]*turns) (*Question, error) {
	r.part.set("questions: " + a.name)
	alone, asked := newTurns(), newTurns()
	for range rounds {
		if err := cmp.Or(r.turn(ctx, alone, nobody), r.turn(ctx, asked, a)); err != nil {
			return nil, err
		}
	}
	q := newQuestion(a, alone, asked)
	r.report.Questions = append(r.report.Questions, q)
	whole[0].add(alone.rec, alone.seconds, alone.cpu)
	whole[1].add(asked.rec, asked.seconds, asked.cpu)
	r.say("%s", q)
	return q, ctx.Err()
}

// turn measures lookups for a turn, beside somebody who asks.
func (r *run) turn(ctx context.Context, t *turns, a *asker) error {
	r.fleet.record()
	cpu, err := r.use()
	if err != nil {
		return err
	}
	begin := time.Now()
	limited, cancel := context.WithTimeout(ctx, r.Duration/rounds)
	defer cancel()
	asked := make(chan error, 1)
	go func() { asked <- a.ask(limited, r.trackers[0].admin) }()
	repeat(limited, r.Workers, perSecond(r.Lookups), r.one)
	if err := <-asked; err != nil {
		return err
	}
	used, err := r.use()
	t.add(r.fleet.note(), time.Since(begin).Seconds(), (used - cpu).Seconds())
	return err
}
