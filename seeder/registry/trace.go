package registry

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/transfers"
)

// trace follows one request of the mirror, for the log of transfers.
type trace struct {
	transfers.Transfer
	log   *transfers.Log
	ended func(context.Context, transfers.Transfer)
}

// trace begins one. What a HEAD asks about is not transferred, so it leaves
// none behind.
func (m *Mirror) trace(r *http.Request, t target, registry string) *trace {
	tr := &trace{Transfer: transfers.Transfer{
		Digest:     t.digest,
		Repository: t.repository,
		Registry:   registry,
		Kind:       t.kind,
		StartedAt:  time.Now(),
	}}
	tr.ended = m.ended
	if r.Method == http.MethodGet {
		tr.log = m.transfers
	}
	return tr
}

// began notes when the headers went out.
func (tr *trace) began(at time.Time) { tr.FirstByte = at.Sub(tr.StartedAt) }

// sent notes what the client has taken, and why no more.
func (tr *trace) sent(n int64, err error) {
	tr.Bytes = n
	if err != nil {
		tr.left(err)
	}
}

func (tr *trace) left(err error) { tr.Err = "the client left: " + err.Error() }

// from notes who took part, and returns their names.
func (tr *trace) from(sources []fetcher.Source) (nodes []string) {
	for _, s := range sources {
		tr.Sources = append(tr.Sources, transfers.Source(s))
		nodes = append(nodes, s.Node)
	}
	return nodes
}

// missed notes that the client is sent elsewhere, and returns its answer.
func (tr *trace) missed(t target, err error) error {
	tr.Result = transfers.Miss
	tr.Sources = nil
	tr.Err = err.Error()
	tr.began(time.Now())
	if _, ok := errors.AsType[*problem](err); ok {
		return err
	}
	return t.unknown(err.Error())
}

func (tr *trace) end(ctx context.Context) {
	tr.Duration = time.Since(tr.StartedAt)
	if tr.log != nil {
		tr.log.Record(tr.Transfer)
	}
	if tr.ended != nil {
		tr.ended(ctx, tr.Transfer)
	}
}
