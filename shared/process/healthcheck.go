package process

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout bounds a look at a process on the same machine.
const healthTimeout = 2 * time.Second

// HealthcheckCommand looks at /readyz of the process that has the same
// settings, and fails when it is not ready: an image has no shell and no
// curl, and container engines look from within. addr is where that process
// serves its health, known once cfg is read.
func HealthcheckCommand(cfg any, addr func() string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "healthcheck",
		Short: "Ask the running process, which has the same settings, whether it is ready",
		Args:  cobra.NoArgs,
	}
	settings := Bind(cmd, cfg)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if err := settings.Read(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), healthTimeout)
		defer cancel()
		return ready(ctx, addr())
	}
	return cmd
}

func ready(ctx context.Context, addr string) error {
	addr, err := within(addr)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == http.StatusOK {
		return nil
	}
	const most = 1 << 10
	why, _ := io.ReadAll(io.LimitReader(res.Body, most))
	return fmt.Errorf("not ready: %s: %s", res.Status, why)
}

// within is how the machine itself reaches what listens on addr.
func within(addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("healthcheck: %w", err)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port), nil
}
