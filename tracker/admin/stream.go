package admin

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/danielgtaylor/huma/v2/sse"

	"github.com/drayproject/dray/tracker/events"
)

const (
	streamID   = "events"
	streamPath = "/events"
	tickPeriod = 10 * time.Second
	// breath is how long a stream waits after it has sent something, so that
	// a storm of events goes out in few pieces.
	breath = 50 * time.Millisecond
)

type streamQuery struct {
	After uint64 `query:"after" doc:"Begin with what has happened after this event; without it, with what happens from now on"`
	Last  uint64 `header:"Last-Event-ID" doc:"The same, as browsers say it when they connect again; it counts more"`
}

// Resolve implements [huma.Resolver]. A stream lasts for hours, in which nothing
// is read; what is sent has a deadline for each event.
func (q *streamQuery) Resolve(ctx huma.Context) []error {
	_, w := humago.Unwrap(ctx)
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // fails only where there is no connection, in tests
	return nil
}

// stream adds the operation that events are followed with.
func (a *Admin) stream(api huma.API) {
	op := operation(http.MethodGet, ofEvents, streamID, streamPath, "Events as they happen, as server-sent events")
	op.Description = "Sends a tick at once and every 10 seconds. A gap says that events were missed, because the stream was too slow, or because the one to begin after is not kept any more. A pull is told when it begins, when its parent changes, and when it is over. Work is told when it gets on: a job's progress once a second at most."
	op.Middlewares = huma.Middlewares{a.seat(api)}
	sse.Register(api, op, map[string]any{"verdict": VerdictItem{}, "pull": PullItem{}, "work": WorkItem{}, "gap": Gap{}, "tick": Tick{}}, a.follow)
}

// seat bounds the number of streams.
func (a *Admin) seat(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		if !a.streams.TryAcquire(1) {
			_ = huma.WriteErr(api, ctx, http.StatusServiceUnavailable, "too many streams at once")
			return
		}
		defer a.streams.Release(1)
		next(ctx)
	}
}

// follow sends events until the client goes away or the tracker stops.
func (a *Admin) follow(ctx context.Context, q *streamQuery, send sse.Sender) {
	at := max(q.After, q.Last)
	if at == 0 {
		at = a.Log.Last()
	}
	if send.Data(Tick{time.Now().UTC(), a.states()}) != nil {
		return
	}
	tick := time.NewTicker(tickPeriod)
	defer tick.Stop()
	for {
		news, gap, more := a.Log.Since(at)
		if at = a.tell(send, at, news, gap); at == 0 {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-a.stopped:
			return
		case <-tick.C:
			if send.Data(Tick{time.Now().UTC(), a.states()}) != nil {
				return
			}
		case <-more:
			rest(ctx, breath)
		}
	}
}

// tell sends what is new, and returns where it is then; 0 when nobody listens.
func (a *Admin) tell(send sse.Sender, at uint64, news []events.Event, gap bool) uint64 {
	if gap {
		if send.Data(Gap{time.Now().UTC()}) != nil {
			return 0
		}
		at = a.Log.First()
	}
	for i := range news {
		e := &news[i]
		at = e.ID
		message := sse.Message{ID: int(e.ID)}
		switch {
		case e.Verdict != nil:
			message.Data = showVerdict(e)
		case e.Work != nil:
			message.Data = showWork(e)
		default:
			message.Data = showPull(e.ID, e.Pull)
		}
		if send(message) != nil {
			return 0
		}
	}
	return at
}

func rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
