package fleet

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Question is what a kind of question costs those who ask it, and lookups
// meanwhile.
type Question struct {
	Name    string  `json:"name"`
	Asked   int     `json:"asked"`
	Slowest float64 `json:"slowest_seconds"`
	Alone   float64 `json:"p99_ms"`        // of lookups without questions; of several turns the middle one
	Beside  float64 `json:"p99_beside_ms"` // of lookups with them, likewise
}

func newQuestion(a *asker, alone, asked *turns) *Question {
	return &Question{
		Name: a.name, Asked: a.count, Slowest: a.slowest.Seconds(), Alone: alone.p99(), Beside: asked.p99(),
	}
}

// Times is how many times as long the lookups take.
func (q *Question) Times() float64 { return q.Beside / max(q.Alone, 0.001) }

// String is the progress line.
func (q *Question) String() string {
	return fmt.Sprintf("%s: %d asked, %.3f s, lookups' p99 %.2f ms, alone %.2f ms, %.2f times",
		q.Name, q.Asked, q.Slowest, q.Beside, q.Alone, q.Times())
}

// writeQuestions writes their table, if there are any.
func writeQuestions(t io.Writer, all []*Question) {
	if len(all) == 0 {
		return
	}
	fmt.Fprint(t, "\nQUESTION\tASKED\tSLOWEST s\tLOOKUP P99 ms\tALONE\tTIMES\t\n")
	for _, q := range all {
		fmt.Fprintf(t, "%s\t%d\t%.3f\t%.2f\t%.2f\t%.2f\t\n", q.Name, q.Asked, q.Slowest, q.Beside, q.Alone, q.Times())
	}
}

// turns are measurements that are made in pieces.
type turns struct {
	rec     *recorder
	seconds float64
	cpu     float64 // in seconds, of all trackers
	p99s    []float64
}

func newTurns() *turns { return &turns{rec: newRecorder()} }

func (t *turns) add(rec *recorder, seconds, cpu float64) {
	t.rec.merge(rec)
	t.seconds += seconds
	t.cpu += cpu
	t.p99s = append(t.p99s, inMS(rec.verbs[lookupOne].quantile(.99)))
}

// p99 is the middle one of the turns'.
func (t *turns) p99() float64 { return slices.Sorted(slices.Values(t.p99s))[len(t.p99s)/2] }

func (t *turns) phase(name string) *Phase { return newPhase(name, t.rec, t.seconds, t.cpu) }

// merge adds what another has recorded, which records nothing any more.
func (r *recorder) merge(o *recorder) {
	for name, h := range o.verbs {
		r.verbs[name].merge(h)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for kind, n := range o.errors {
		r.errors[kind] += n
	}
	r.stale += o.stale
}

func (h *histogram) merge(o *histogram) {
	for i := range o.buckets {
		h.buckets[i].Add(o.buckets[i].Load())
	}
	h.count.Add(o.count.Load())
	h.longest.Store(int64(max(time.Duration(h.longest.Load()), time.Duration(o.longest.Load()))))
}
