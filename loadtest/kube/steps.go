package kube

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

const (
	kib, mib    = 1 << 10, 1 << 20
	seederLabel = "dray.test/seeder"
)

// little is what a registry may send for an image that neighbours have: tags
// are asked for there, with a manifest now and then, and packets have headers.
const little = 256 * kib

type step struct {
	name string
	play func() (evidence string)
}

func (s *stage) steps() []step {
	var before map[string]string
	return []step{
		{"`helm install`", func() string { before = s.snapshot(); return s.install() }},
		{"`seeder doctor` in every seeder's pod", s.examine},
		{"a Deployment of one pod, then of one on every node", s.spread},
		{"the registry is cut off; a pod on a node that has nothing of its image", s.registryCut},
		{"a node is unplugged while another pulls from it", s.unplug},
		{"a policy of the chart's values wants an image on two nodes; one pulls it, and the other is cut off", s.replicate},
		{"a node that alone has an image is cordoned, and its seeder stopped, without the registry", s.leave},
		{"a node with the readiness taint comes, and a standing job wants an image on it", s.warm},
		{"from here on all nodes pull; one tracker after the other is deleted", s.loseTrackers},
		{"Redis is deleted", s.loseRedis},
		{"rolling `helm upgrade` of trackers and seeders", s.upgrade},
		{"`helm uninstall`, after one node was taken from the seeders", func() string { return s.uninstall(before) }},
	}
}

func (s *stage) install() string {
	s.helmWith()
	_, err := s.run(commandTimeout, "", s.helm, "test", release, "--namespace", namespace, "--timeout", "2m")
	s.must(err)
	s.awaitFleet()
	s.awaitMemory()
	return fmt.Sprintf("both trackers know all %d nodes, with the zones and labels that Kubernetes has, and reach Redis; `helm test` passes", len(s.nodes))
}

// spread: the first pod's image comes from the registry, all others' from
// neighbours.
func (s *stage) spread() string {
	image, size := s.push(1, 3, 8*mib)
	first := s.watch(s.seeders())
	s.scale("spread", image, 1)
	origin, _ := first.since()

	rest := s.watch(s.seeders())
	s.scale("spread", image, len(s.nodes))
	again, peers := rest.since()
	want := size * int64(len(s.nodes)-1)
	if origin < size || again > little || peers < want {
		s.Fatalf("of %s, the registry sent %s to the first node and %s to the others, neighbours %s of %s", mega(size), mega(origin), mega(again), mega(peers), mega(want))
	}
	return fmt.Sprintf("image of %s: the registry sent %s for the first pod and %s for the %d others, who had %s from neighbours", mega(size), mega(origin), mega(again), len(s.nodes)-1, mega(peers))
}

func (s *stage) registryCut() string {
	image, size := s.push(2, 3, 4*mib)
	s.start("cut-1", s.nodes[0], image)
	counted := s.watch(s.seeders())
	s.must(s.help("node", "registry", "cut"))
	took := s.start("cut-2", s.nodes[1], image)
	s.must(s.help("node", "registry", "join"))
	_, peers := counted.since()
	if peers < size {
		s.Fatalf("the pod runs, but only %s of %s came from neighbours", mega(peers), mega(size))
	}
	return fmt.Sprintf("runs after %.1f s, with all %s of its image from a neighbour", took.Seconds(), mega(size))
}

// unplug cuts off the node that sends, when a good part has arrived. The one
// that is left has to send the rest: not the registry.
func (s *stage) unplug() string {
	image, size := s.push(3, 4, 24*mib)
	last := s.nodes[len(s.nodes)-1]
	holders := s.nodes[:2]
	for i, n := range holders {
		s.start(fmt.Sprintf("unplug-%d", i+1), n, image)
	}
	seeders := s.seeders()
	puller := map[string]string{last: seeders[last]}
	counted := s.watch(puller)
	arrived := s.seen(puller, "dray_seeder_fetched_bytes_total", "")
	s.must(s.apply(pod("unplug-3", last, image, "")))
	s.eventually(podDeadline, "a tenth of the image has arrived", func() bool {
		return s.seen(puller, "dray_seeder_fetched_bytes_total", "")-arrived > float64(size)/10
	})
	sender := s.busiest(seeders, holders)
	s.must(s.help("node", sender, "cut"))
	begin := time.Now()
	s.awaitRunning("unplug-3")
	took := time.Since(begin)
	origin, peers := counted.since()
	s.must(s.help("node", sender, "join"))
	s.awaitNodes()
	if origin > little || peers < size {
		s.Fatalf("of %s, the registry sent %s and neighbours %s", mega(size), mega(origin), mega(peers))
	}
	return fmt.Sprintf("%s was cut off while it sent an image of %s to %s; the pod runs %.1f s later, with %s from neighbours and %s from the registry", sender, mega(size), last, took.Seconds(), mega(peers), mega(origin))
}

// busiest is the node that sends most at the moment.
func (s *stage) busiest(seeders map[string]string, nodes []string) string {
	most, who := -1.0, ""
	for _, n := range nodes {
		if uploads := metric(s.metrics(seeders[n]), "dray_seeder_uploads", ""); uploads > most {
			most, who = uploads, n
		}
	}
	return who
}

func (s *stage) awaitNodes() {
	_, err := s.ctl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=2m")
	s.must(err)
	_, err = s.ctl("-n", namespace, "wait", "--for=condition=Ready", "pods", "-l", "app.kubernetes.io/instance="+release, "--timeout=2m")
	s.must(err)
}

// loseTrackers is the first of three steps that the pulls go on through.
func (s *stage) loseTrackers() string {
	s.pulls = s.startPulls()
	trackers := s.pods("tracker")
	for _, tracker := range trackers {
		s.replace(tracker, "deployment/dray-tracker")
	}
	return s.pulls.tell()
}

func (s *stage) loseRedis() string {
	s.replace(s.pods("redis")[0], "statefulset/dray-redis")
	return s.pulls.tell()
}

func (s *stage) upgrade() string {
	seeders, trackers := s.seeders(), s.pods("tracker")
	s.helmWith("--set-string", "tracker.podAnnotations.round=2", "--set-string", "seeder.podAnnotations.round=2")
	for _, now := range append(slices.Collect(maps.Values(s.seeders())), s.pods("tracker")...) {
		if slices.Contains(trackers, now) || slices.Contains(slices.Collect(maps.Values(seeders)), now) {
			s.Fatalf("the upgrade has not replaced %s", now)
		}
	}
	s.mustHaveStopped()
	seen := s.pulls.tell()
	s.pulls.stop()
	return seen
}

// replace deletes a pod, and returns when another has taken its place.
func (s *stage) replace(pod, owner string) {
	s.Helper()
	_, err := s.ctl("-n", namespace, "delete", "pod", pod, "--timeout=2m")
	s.must(err)
	_, err = s.ctl("-n", namespace, "rollout", "status", owner, "--timeout=3m")
	s.must(err)
}

// uninstall comes after the seeder has been taken from one node by a selector:
// what it has installed there is still to be removed.
func (s *stage) uninstall(before map[string]string) string {
	for _, n := range s.nodes[1:] {
		_, err := s.ctl("label", "node", n, seederLabel+"=yes", "--overwrite")
		s.must(err)
	}
	s.helmWith("--set", `seeder.nodeSelector.dray\.test/seeder=yes`)
	s.eventually(time.Minute, "the seeder leaves "+s.nodes[0], func() bool { return len(s.seeders()) == len(s.nodes)-1 })
	changed := 0
	for node, now := range s.certs() {
		if now != before[node] {
			changed++
		}
	}
	pins := s.pins()
	_, err := s.run(commandTimeout, "", s.helm, "uninstall", release, "--namespace", namespace, "--wait", "--timeout", "5m")
	s.must(err)
	after := s.certs()
	for _, n := range s.nodes {
		if after[n] != before[n] {
			s.Fatalf("%s was not restored. Before:\n%s\nAfter:\n%s", n, before[n], after[n])
		}
	}
	if left := s.pins(); pins == 0 || left > 0 {
		s.Fatalf("of %d images that were pinned for policies and jobs, %d still are", pins, left)
	}
	return fmt.Sprintf("Dray had changed certs.d on %d of %d nodes; now all are as before, byte for byte; of %d images that were pinned none is", changed, len(s.nodes), pins)
}
