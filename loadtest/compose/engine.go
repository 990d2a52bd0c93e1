package compose

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const engineTimeout = 30 * time.Second // stopping and starting are its slowest

// engine is the container engine that we run in, as far as it is needed: to
// kill and to start services of our own compose project. Its API is
// https://docs.docker.com/reference/api/engine; these calls have always been in
// it.
type engine struct {
	client  http.Client
	project string
}

func newEngine(socket, project string) *engine {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &engine{client: http.Client{Transport: &http.Transport{DialContext: dial}, Timeout: engineTimeout}, project: project}
}

func (e *engine) kill(ctx context.Context, service string) error {
	return e.do(ctx, service, "kill")
}

func (e *engine) start(ctx context.Context, service string) error {
	return e.do(ctx, service, "start")
}

func (e *engine) do(ctx context.Context, service, verb string) error {
	id, err := e.find(ctx, service)
	if err == nil {
		err = e.call(ctx, http.MethodPost, "/containers/"+id+"/"+verb, nil)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", verb, service, err)
	}
	return nil
}

// healthy tells whether the service's own healthcheck passes.
func (e *engine) healthy(ctx context.Context, service string) (bool, error) {
	id, err := e.find(ctx, service)
	if err != nil {
		return false, err
	}
	var container struct {
		State struct {
			Running bool
			Health  struct{ Status string }
		}
	}
	err = e.call(ctx, http.MethodGet, "/containers/"+id+"/json", &container)
	return container.State.Running && container.State.Health.Status == "healthy", err
}

// find is the container of a service, running or not.
func (e *engine) find(ctx context.Context, service string) (id string, err error) {
	filters, err := json.Marshal(map[string][]string{"label": {
		"com.docker.compose.project=" + e.project,
		"com.docker.compose.service=" + service,
	}})
	if err != nil {
		return "", err
	}
	var found []struct{ ID string }
	query := url.Values{"all": {"true"}, "filters": {string(filters)}}
	if err := e.call(ctx, http.MethodGet, "/containers/json?"+query.Encode(), &found); err != nil {
		return "", err
	}
	if len(found) != 1 {
		return "", fmt.Errorf("project %q has %d containers of service %s", e.project, len(found), service)
	}
	return found[0].ID, nil
}

func (e *engine) call(ctx context.Context, method, path string, answer any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://engine"+path, nil)
	if err != nil {
		return err
	}
	res, err := e.client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	const most = 4 << 20
	body := io.LimitReader(res.Body, most)
	if res.StatusCode >= 300 {
		complaint, _ := io.ReadAll(body)
		return fmt.Errorf("the engine says %s: %s", res.Status, complaint)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(body).Decode(answer)
}
