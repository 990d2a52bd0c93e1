package api

import (
	"context"
	"net/http"
	"runtime"

	"golang.org/x/sync/semaphore"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	bodyRoom  = 64 << 20 // bytes of all large messages that are being read and applied
	smallTake = 16 << 10 // bytes of a message that takes hardly any time
)

// limits keep large messages from taking all memory, or every core: who looks
// something up, or beats, should not have to wait behind them.
type limits struct {
	room  *semaphore.Weighted
	cores *semaphore.Weighted
}

func newLimits() limits {
	return limits{semaphore.NewWeighted(bodyRoom), semaphore.NewWeighted(max(1, int64(runtime.GOMAXPROCS(0)/2)))}
}

// readLarge is for announcements and work messages. It waits for room before it
// reads, and for a core after that, which both are kept until done.
func (a *API) readLarge(w http.ResponseWriter, r *http.Request, into any) (done func(), err error) {
	size := r.ContentLength
	if size < 0 || size > trackerapi.MaxBody {
		size = trackerapi.MaxBody
	}
	ctx, cancel := context.WithTimeout(r.Context(), ExchangeTime/2)
	defer cancel()
	if a.limits.room.Acquire(ctx, size) != nil {
		return nothing, errBusy
	}
	done = func() { a.limits.room.Release(size) }
	err = decode(http.MaxBytesReader(w, r.Body, trackerapi.MaxBody), func(size int) error {
		if size <= smallTake {
			return nil
		}
		if a.limits.cores.Acquire(ctx, 1) != nil {
			return errBusy
		}
		room := done
		done = func() { a.limits.cores.Release(1); room() }
		return nil
	}, into)
	return done, err
}

var errBusy = trackerapi.Errorf(trackerapi.CodeUnavailable, "too many announcements at once")

func nothing() {}

func noWait(int) error { return nil }
