package fetcher

import (
	"errors"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"golang.org/x/time/rate"
)

// spent is a budget of which so much is left, for ever.
func (w *world) spent(left int) *world {
	w.retries.limit = rate.NewLimiter(0, left)
	return w
}

func TestWithoutABudgetNobodyIsAskedTwice(t *testing.T) {
	data, d := blob(largeSize)
	w := newTrial(t, refusing(t, "bad"), map[string][]byte{"good": data}).spent(0)
	if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); !errors.Is(err, ErrNoSource) {
		t.Errorf("it ends with %v", err)
	}
	w.wantReports("bad refused")
	if n := testutil.ToFloat64(w.metrics.denied); n == 0 {
		t.Error("the denial is not counted")
	}
}

func TestTheBudgetIsOfAllPullsTogether(t *testing.T) {
	data, d := blob(largeSize)
	w := newTrial(t, refusing(t, "bad"), map[string][]byte{"good": data}).spent(2)
	failed := 0
	for range 5 {
		w.peers.get(w.handout[0].Addr).delivered() // it is asked first again
		if _, _, err := w.read(Request{Digest: d, Length: ToEnd}); err != nil {
			failed++
		}
	}
	if failed != 3 {
		t.Errorf("%d of 5 pulls failed; two second tries were allowed", failed)
	}
}

// What has begun is finished: the first parent that is asked for the rest costs
// nothing.
func TestABodyGoesOnElsewhereWithoutABudget(t *testing.T) {
	data, d := blob(largeSize)
	bad := serve(t, "bad", stopping(data, largeSize/2, hangUp(false)))
	w := newTrial(t, bad, map[string][]byte{"good": data}).spent(0)
	if got := nodes(w.wantBlob(d, data)); got != "bad good" {
		t.Errorf("it came from %s", got)
	}
}
