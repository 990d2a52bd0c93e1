package puller

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	answerTimeout = 10 * time.Second // for the seeder to take a request
	silence       = 4 * KeepAlive    // an answer that is silent for longer has been lost
	maxLine       = 1 << 20          // bytes of one event
)

// Ask makes the seeder whose mirror listens at addr pull an image, and calls
// show with every event. It returns nil when the image is there.
func Ask(ctx context.Context, addr string, r Request, show func(Event)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watchdog := time.AfterFunc(answerTimeout, func() {
		cancel(fmt.Errorf("the seeder at %s has stopped answering", addr))
	})
	defer watchdog.Stop()
	err := ask(ctx, addr, r, func(e Event) {
		if e.Type != "" {
			show(e)
		}
		watchdog.Reset(silence)
	})
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return cause
	}
	return err
}

// ask calls heard with the zero Event for a line that says nothing.
func ask(ctx context.Context, addr string, r Request, heard func(Event)) error {
	message, err := json.Marshal(r)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+Path, bytes.NewReader(message))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: transport(time.Second, answerTimeout)}
	defer client.CloseIdleConnections()
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("is a seeder running? %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return refusalOf(res)
	}
	return readEvents(res.Body, heard)
}

func refusalOf(res *http.Response) error {
	var told struct{ Error string }
	err := json.NewDecoder(io.LimitReader(res.Body, maxBody)).Decode(&told)
	if err != nil || told.Error == "" {
		return fmt.Errorf("what answers there is no seeder: %s", res.Status)
	}
	return errors.New(told.Error)
}

// readEvents reads until the last event, whose error it returns.
func readEvents(r io.Reader, heard func(Event)) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		var e Event
		if len(lines.Bytes()) > 0 {
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				return fmt.Errorf("bad event: %w", err)
			}
		}
		heard(e)
		switch e.Type {
		case Done:
			return nil
		case Failed:
			return errors.New(e.Error)
		}
	}
	return errors.Join(errors.New("the seeder went away before the pull was done"), lines.Err())
}
