package kube

import (
	"fmt"
	"slices"
	"time"
)

// pod is one that pulls its image on this node, whatever the node's state.
func pod(name, node, image, args string) string {
	return fmt.Sprintf(`
apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: %s}
spec:
  nodeName: %s
  restartPolicy: Never
  terminationGracePeriodSeconds: 1
  automountServiceAccountToken: false
  tolerations: [{operator: Exists}]
  containers: [{name: app, image: %q, imagePullPolicy: Always, args: [%s]}]
`, name, workloads, node, image, args)
}

// deployment has one pod on each node at the most.
func deployment(name, image string, replicas int) string {
	return fmt.Sprintf(`
apiVersion: apps/v1
kind: Deployment
metadata: {name: %[1]s, namespace: %[2]s}
spec:
  replicas: %[4]d
  selector: {matchLabels: {app: %[1]s}}
  template:
    metadata: {labels: {app: %[1]s}}
    spec:
      terminationGracePeriodSeconds: 1
      affinity:
        podAntiAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: %[1]s}}}
      containers: [{name: app, image: %[3]q, imagePullPolicy: Always}]
`, name, workloads, image, replicas)
}

// start makes a pod and returns when it runs.
func (s *stage) start(name, node, image string) time.Duration {
	s.Helper()
	begin := time.Now()
	s.must(s.apply(pod(name, node, image, "")))
	s.awaitRunning(name)
	return time.Since(begin)
}

func (s *stage) awaitRunning(name string) {
	s.Helper()
	_, err := s.ctl("-n", workloads, "wait", "--for=condition=Ready", "pod/"+name, "--timeout="+podDeadline.String())
	s.must(err)
}

// scale sets a Deployment's size and returns when all its pods run.
func (s *stage) scale(name, image string, replicas int) {
	s.Helper()
	s.must(s.apply(deployment(name, image, replicas)))
	_, err := s.ctl("-n", workloads, "rollout", "status", "deployment/"+name, "--timeout="+podDeadline.String())
	s.must(err)
}

// seeders are the seeders' pods, by node.
func (s *stage) seeders() map[string]string {
	s.Helper()
	byNode := map[string]string{}
	for _, p := range s.component("seeder") {
		byNode[p.Spec.NodeName] = p.Metadata.Name
	}
	return byNode
}

// pods are the names of a component's pods.
func (s *stage) pods(component string) (names []string) {
	s.Helper()
	for _, p := range s.component(component) {
		names = append(names, p.Metadata.Name)
	}
	return names
}

// component returns its pods but for those that are being deleted.
func (s *stage) component(name string) []object {
	s.Helper()
	var pods list
	s.must(s.read(&pods, "-n", namespace, "get", "pods", "-l", "app.kubernetes.io/component="+name))
	return slices.DeleteFunc(pods.Items, func(p object) bool { return p.Metadata.DeletionTimestamp != "" })
}

// seen adds up a metric of these seeders.
func (s *stage) seen(pods map[string]string, name, label string) (total float64) {
	s.Helper()
	for _, p := range pods {
		total += metric(s.metrics(p), name, label)
	}
	return total
}

func (s *stage) metrics(pod string) string {
	s.Helper()
	text, err := s.ctl("get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:5003/proxy/metrics", namespace, pod))
	s.must(err)
	return text
}

// registrySent is the registry's byte count so far.
func (s *stage) registrySent() int64 {
	s.Helper()
	text, err := s.on("registry", "cat", "/proc/net/dev")
	s.must(err)
	return sent(text)
}

// flow is what two counts differ by.
type flow struct {
	s        *stage
	pods     map[string]string
	registry int64
	peers    float64
}

// watch begins to count.
func (s *stage) watch(pods map[string]string) flow {
	s.Helper()
	return flow{s, pods, s.registrySent(), s.seen(pods, transferred, `source="peer"`)}
}

const transferred = "dray_seeder_transfer_bytes_total"

// since returns what the registry and what neighbours have sent.
func (f flow) since() (registry, peers int64) {
	f.s.Helper()
	return f.s.registrySent() - f.registry, int64(f.s.seen(f.pods, transferred, `source="peer"`) - f.peers)
}
