package fleet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

const (
	maxTrackers  = 16
	startTimeout = 2 * time.Minute // loading a large memory included
	pollPeriod   = 200 * time.Millisecond
	scrapeTime   = 5 * time.Second
)

// tracker is one tracker process after the other, at the same addresses.
type tracker struct {
	program, dir, name string
	addr, admin        string
	proc               atomic.Pointer[child] // that runs, or ran last; nil before
}

// buildTracker compiles the tracker from the sources around us.
func buildTracker(ctx context.Context, dir string) (program string, err error) {
	program = filepath.Join(dir, "tracker")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags=grpcnotrace", "-o", program, "github.com/drayproject/dray/tracker")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the tracker is built from source, in the repository, unless --tracker names it: %w\n%s", err, out)
	}
	return program, nil
}

func newTracker(program, dir string, i int) (*tracker, error) {
	t := &tracker{program: program, dir: dir, name: fmt.Sprint("tracker-", i)}
	for _, addr := range []*string{&t.addr, &t.admin} {
		free, err := freeAddr()
		if err != nil {
			return nil, err
		}
		*addr = free
	}
	return t, nil
}

// freeAddr finds a port below those that the kernel gives to connections: it
// has to be free again when a tracker comes back.
func freeAddr() (string, error) {
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(12_000))) //nolint:noctx // it does not wait
		if err == nil {
			return l.Addr().String(), l.Close()
		}
	}
	return "", fmt.Errorf("there is no free port")
}

// start runs a new process.
func (t *tracker) start(ctx context.Context, flags ...string) error {
	flags = append([]string{"--listen", t.addr, "--admin-listen", t.admin, "--log-level", "warn"}, flags...)
	c, err := start(ctx, t.dir, t.name, t.program, flags...)
	if err == nil {
		t.proc.Store(c)
	}
	return err
}

func (t *tracker) kill() {
	if c := t.proc.Load(); c != nil {
		c.Kill()
	}
}

// use is the CPU time of the present process so far, and its size in RAM in
// bytes.
func (t *tracker) use() (cpu time.Duration, size int64, err error) {
	c := t.proc.Load()
	if c == nil {
		return 0, 0, nil
	}
	if cpu, err = cpuTime(c.pid()); err == nil {
		size, err = resident(c.pid())
	}
	if err != nil {
		err = fmt.Errorf("%s: %w; its log ends:\n%s", t.name, err, c.tail())
	}
	return cpu, size, err
}

// wait returns once the tracker is ready and the condition holds. It fails when
// the process ends or that takes too long.
func (t *tracker) wait(ctx context.Context, what string, holds func(metrics) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("%s: not within %v: %s", t.name, startTimeout, what))
	defer cancel()
	proc := t.proc.Load()
	for {
		if t.ready(ctx) {
			if m, err := t.scrape(ctx); err == nil && holds(m) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; its log ends:\n%s", context.Cause(ctx), proc.tail())
		case <-proc.ended:
			return fmt.Errorf("%s has ended; its log ends:\n%s", t.name, proc.tail())
		case <-time.After(pollPeriod):
		}
	}
}

func (t *tracker) ready(ctx context.Context) bool {
	_, err := t.get(ctx, "/readyz")
	return err == nil
}

// metrics are the samples of a scrape, by name and labels as written.
type metrics map[string]float64

const (
	pairsMetric     = "dray_tracker_pairs"
	nextGCMetric    = "go_memstats_next_gc_bytes"
	gcPercentMetric = "go_gc_gogc_percent"
	gcsMetric       = "go_gc_duration_seconds_count"
	pagesMetric     = "dray_tracker_journal_pages_written_total"
	turnsMetric     = "dray_tracker_resends_running"
	heldMetric      = `dray_tracker_resends_total{told="hold"}`
)

func (t *tracker) scrape(ctx context.Context) (metrics, error) {
	text, err := t.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	return parseMetrics(text), nil
}

// parseMetrics reads Prometheus' text format, as far as a program's own metrics
// need it: there are no times behind the values.
func parseMetrics(text string) metrics {
	m := metrics{}
	for s := bufio.NewScanner(strings.NewReader(text)); s.Scan(); {
		at := strings.LastIndexByte(s.Text(), ' ')
		if at < 0 || s.Text()[0] == '#' {
			continue
		}
		if v, err := strconv.ParseFloat(s.Text()[at+1:], 64); err == nil {
			m[s.Text()[:at]] = v
		}
	}
	return m
}

func (t *tracker) get(ctx context.Context, path string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, scrapeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+t.admin+path, nil)
	if err != nil {
		return "", err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, res.Status)
	}
	return string(body), err
}
