package kube

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/drayproject/dray/loadtest/testbed"
)

const (
	namespace = "dray-e2e"      // of the chart
	workloads = "dray-e2e-apps" // of the pods that pull
	release   = "dray"
	redisName = "dray.test/redis"

	podDeadline = 3 * time.Minute // for a pod to run, on a busy machine
)

// stage is where the steps are played: a cluster, its nodes, and what has been
// seen so far. Its methods end the test when something goes wrong.
type stage struct {
	testbed.T
	*cluster
	o        Options
	works    *workshop
	nodes    []string
	zones    map[string]string // of the nodes
	registry string            // the name that pods know it by
	report   report
	pulls    *pulls // from the step that starts them to the one that stops them
}

// run plays all steps.
func run(t testbed.T, o Options) {
	keep := func() bool { return o.Keep && t.Failed() }
	s := &stage{T: t, o: o, cluster: open(t, keep), registry: "registry.test:5000", zones: map[string]string{}}
	if name := os.Getenv("E2E_REGISTRY"); name != "" {
		s.registry = name
	}
	t.Cleanup(func() {
		if t.Failed() {
			s.tellWhatIsThere()
		}
		if !keep() {
			s.tidy()
		}
	})
	s.works = newWorkshop(t)
	s.prepare()
	for _, step := range s.steps() {
		t.Logf("== %s", step.name)
		begin := time.Now()
		evidence := step.play()
		s.report.add(step.name, evidence, time.Since(begin))
		t.Logf("   %s (%.0f s)", evidence, time.Since(begin).Seconds())
	}
	s.must(s.report.write(o.Report))
}

func (s *stage) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatalf("%v", err)
	}
}

// prepare loads what the chart's pods run, starts the registry and names the
// nodes. Nothing is left of an earlier run.
func (s *stage) prepare() {
	var nodes list
	s.must(s.read(&nodes, "get", "nodes"))
	for _, n := range nodes.Items {
		s.nodes = append(s.nodes, n.Metadata.Name)
		s.zones[n.Metadata.Name] = n.Metadata.Labels[zoneLabel]
	}
	if len(s.nodes) < 3 {
		s.Fatalf("the cluster has %d nodes; three are needed", len(s.nodes))
	}
	info := nodes.Items[0].Status.NodeInfo
	s.report.setting = fmt.Sprintf("Kubernetes %s, %s, %d nodes.", info.KubeletVersion, strings.Replace(info.ContainerRuntimeVersion, "://", " ", 1), len(s.nodes))
	s.tidy()
	redis, err := s.works.redis(s.Context(), redisName+":e2e")
	s.must(err)
	s.must(s.help("load", s.o.Images+"/tracker.tar", s.o.Images+"/seeder.tar", redis))
	s.must(s.help("registry", "up"))
	s.must(s.apply("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + workloads + "}"))
}

// push makes an image and puts it into the registry. It returns its name and
// how many bytes a pull moves.
func (s *stage) push(number uint64, layers, size int) (image string, bytes int64) {
	s.Helper()
	return s.pushAs(fmt.Sprintf("app:%d", number), number, layers, size)
}

func (s *stage) pushAs(name string, number uint64, layers, size int) (image string, bytes int64) {
	s.Helper()
	file, bytes, err := s.works.app(number, layers, size)
	s.must(err)
	s.must(s.help("registry", "push", file, name))
	return s.registry + "/" + name, bytes
}

// helmWith installs the chart or upgrades it, with these values over the usual
// ones, and returns when all pods run.
func (s *stage) helmWith(values ...string) {
	s.Helper()
	args := []string{
		"upgrade", "--install", release, s.o.Chart, "--namespace", namespace, "--create-namespace",
		"--reset-values", "--wait", "--timeout", "5m", "--values", "loadtest/kube/values.yaml",
		"--set", "tracker.image.tag=" + s.o.Tag, "--set", "seeder.image.tag=" + s.o.Tag,
		"--set-json", fmt.Sprintf(`seeder.settings.upstreams={%q: %q}`, s.registry, "http://"+s.registry),
	}
	_, err := s.run(commandTimeout, "", s.helm, append(args, values...)...)
	s.must(err)
	for _, owner := range []string{"deployment/dray-tracker", "daemonset/dray-seeder"} {
		_, err = s.ctl("-n", namespace, "rollout", "status", owner, "--timeout=3m")
		s.must(err)
	}
}

// tidy removes what the steps have made.
func (s *stage) tidy() {
	for _, n := range append([]string{"registry"}, s.nodes...) {
		_ = s.help("node", n, "join")
	}
	_, _ = s.run(commandTimeout, "", s.helm, "uninstall", release, "--namespace", namespace, "--wait", "--timeout", "5m", "--ignore-not-found")
	_, _ = s.ctl("delete", "namespace", workloads, namespace, "--ignore-not-found", "--timeout=2m")
	for _, n := range s.nodes {
		_, _ = s.ctl("label", "node", n, seederLabel+"-")
		_, _ = s.ctl("taint", "node", n, notWarm+"-")
		_, _ = s.ctl("uncordon", n)
		_, _ = s.on(n, "sh", "-c", "rm -rf "+certs+"/*"+plantedNames)
	}
}

// tellWhatIsThere helps to understand a failure.
func (s *stage) tellWhatIsThere() {
	for _, args := range [][]string{
		{"get", "nodes,pods", "-A", "-o", "wide"},
		{"get", "events", "-n", workloads, "--field-selector", "type=Warning"},
		{"get", "events", "-n", namespace, "--field-selector", "type=Warning"},
		{"logs", "-n", namespace, "-l", "app.kubernetes.io/instance=" + release, "--all-containers", "--prefix", "--tail=40"},
	} {
		out, err := s.ctl(args...)
		s.Logf("kubectl %s\n%s%v", strings.Join(args, " "), out, err)
	}
}

// eventually polls until the condition holds.
func (s *stage) eventually(deadline time.Duration, what string, condition func() bool) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), deadline)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.Fatalf("not within %s: %s", deadline, what)
		}
	}
}
