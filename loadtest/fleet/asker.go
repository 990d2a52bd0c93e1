package fleet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

const questionTime = 30 * time.Second // bounds one question of a person

// asker asks questions in turn, one at a time.
type asker struct {
	name      string
	questions []inquiry
	every     time.Duration // from one to the next, at the soonest

	count   int
	slowest time.Duration
}

// nobody asks nothing.
var nobody = new(asker)

// ask asks a tracker until ctx ends. What has been asked by then is answered.
func (a *asker) ask(ctx context.Context, admin string) error {
	for next := time.Now(); len(a.questions) > 0 && ctx.Err() == nil; next = next.Add(a.every) {
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return nil
		}
		begin := time.Now()
		q := a.questions[a.count%len(a.questions)]
		if err := q.ask(context.WithoutCancel(ctx), admin); err != nil {
			return err
		}
		a.slowest = max(a.slowest, time.Since(begin))
		a.count++
	}
	return nil
}

func (q inquiry) ask(ctx context.Context, admin string) error {
	ctx, cancel := context.WithTimeout(ctx, questionTime)
	defer cancel()
	method := http.MethodGet
	if q.body != "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+admin+"/admin/v1"+q.path, strings.NewReader(q.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
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
