package kube

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	placed  = 2 * time.Minute      // for what the trackers have nodes do, on a busy machine
	notWarm = "dray.test/not-warm" // the taint that values.yaml names
)

// replicate: one node pulls, a second is given a copy by it. That one dies, and the
// third takes its place; when it is back, one copy is too much, and is let go. The
// node that has Redis stays: without it nothing is placed.
func (s *stage) replicate() string {
	image, size := s.pushAs(s.named("kept"), 4, 3, 4*mib)
	first := s.component("redis")[0].Spec.NodeName
	counted := s.watch(s.seeders())
	s.start("kept", first, image)
	second := s.awaitPinned(image, first, s.nodes)
	begin := time.Now()
	s.must(s.help("node", second, "cut"))
	third := s.awaitPinned(image, first, s.without(second))
	took := time.Since(begin)
	s.must(s.help("node", second, "join"))
	s.awaitNodes()
	origin, _ := counted.since()
	if origin < size || origin > size+little {
		s.Fatalf("of an image of %s, the registry sent %s", mega(size), mega(origin))
	}
	s.eventually(placed, "of three copies one is released", func() bool { return len(s.pinned(image, s.nodes)) == 2 })
	for _, n := range []string{first, second, third} {
		if !s.holds(n, image) {
			s.Fatalf("%s has lost %s", n, image)
		}
	}
	return fmt.Sprintf("%s pulled it, %s had a pinned copy, and %s had one %.0f s after that was cut off; the registry sent %s of %s; with %s back, two of three copies are pinned and all are there",
		first, second, third, took.Seconds(), mega(origin), mega(size), second)
}

// awaitPinned waits until this node and exactly one other of those have the image
// pinned, and returns the other.
func (s *stage) awaitPinned(image, first string, nodes []string) (other string) {
	s.Helper()
	s.eventually(placed, image+" is pinned on two of "+strings.Join(nodes, ", "), func() bool {
		names := s.pinned(image, nodes)
		others := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == first })
		if len(names) == 2 && len(others) == 1 {
			other = others[0]
		}
		return other != ""
	})
	return other
}

// leave: without a registry, what the others have afterwards came from the node
// before its seeder was gone.
func (s *stage) leave() string {
	leaver := s.without(s.component("redis")[0].Spec.NodeName)[0]
	image, size := s.pushAs(s.named("leave"), 5, 2, 4*mib)
	s.start("leave", leaver, image)
	s.awaitKnown(image)
	s.must(s.help("node", "registry", "cut"))
	_, err := s.ctl("cordon", leaver)
	s.must(err)
	begin := time.Now()
	s.replace(s.seeders()[leaver], "daemonset/dray-seeder")
	took := time.Since(begin)
	saved := slices.DeleteFunc(s.without(leaver), func(n string) bool { return !s.holds(n, image) })
	s.mustHaveStopped()
	_, err = s.ctl("uncordon", leaver)
	s.must(err)
	s.must(s.help("node", "registry", "join"))
	if len(saved) == 0 {
		s.Fatalf("%s left, and nobody else has %s", leaver, image)
	}
	s.awaitFleet()
	return fmt.Sprintf("%s had an image of %s; %s has it, too, since before the seeder was gone; another seeder ran %.0f s after it was told to stop", leaver, mega(size), strings.Join(saved, " and "), took.Seconds())
}

// awaitKnown returns when all trackers know who has the image.
func (s *stage) awaitKnown(image string) {
	s.Helper()
	for _, tracker := range s.pods("tracker") {
		s.eventually(time.Minute, tracker+" knows who has "+image, func() bool {
			text, err := s.ctl("get", "--raw", adminPath(tracker, "images"))
			return err == nil && strings.Contains(text, `"`+image+`"`)
		})
	}
}

// warm: the job's image is not in the registry until the taint was seen to stay.
func (s *stage) warm() string {
	last := s.nodes[len(s.nodes)-1]
	name := s.named("warm")
	image := s.registry + "/" + name
	_, err := s.ctl("taint", "node", last, notWarm+"=:NoSchedule")
	s.must(err)
	job := fmt.Sprintf(`{"id":"warm","images":[%q],"select":{"nodes":[%q]},"standing":true,"retries":100}`, image, last)
	_, err = s.run(commandTimeout, job, s.kubectl, "create", "--raw", adminPath(s.pods("tracker")[0], "jobs"), "-f", "-")
	s.must(err)
	s.replace(s.seeders()[last], "daemonset/dray-seeder")
	s.eventually(placed, "the taint stays because of the job", func() bool {
		out, err := s.ctl("-n", namespace, "logs", s.seeders()[last], "-c", "warm")
		return err == nil && strings.Contains(out, "stays: job warm")
	})
	if !s.tainted(last) {
		s.Fatalf("the taint is gone, and %s is not there", image)
	}
	_, size := s.pushAs(name, 6, 1, 2*mib)
	begin := time.Now()
	s.eventually(podDeadline, "the taint is taken from "+last, func() bool { return !s.tainted(last) })
	took := time.Since(begin)
	if !s.holds(last, image) {
		s.Fatalf("the taint is gone, and %s has no %s", last, image)
	}
	return fmt.Sprintf("%s kept it until its %s were there, %.0f s after they could be had", last, mega(size), took.Seconds())
}

func (s *stage) tainted(node string) bool {
	s.Helper()
	out, err := s.ctl("get", "node", node, "-o", "jsonpath={.spec.taints[*].key}")
	s.must(err)
	return slices.Contains(strings.Fields(out), notWarm)
}

// mustHaveStopped: no seeder's hook has failed.
func (s *stage) mustHaveStopped() {
	s.Helper()
	var events list
	s.must(s.read(&events, "-n", namespace, "get", "events", "--field-selector", "reason=FailedPreStopHook"))
	for _, e := range events.Items {
		s.Fatalf("%s was not stopped in order: %s", e.InvolvedObject.Name, e.Message)
	}
}

// named is the name of an image that no earlier run has left on a node.
func (s *stage) named(what string) string { return fmt.Sprintf("%s:%x", what, s.works.run) }

func adminPath(tracker, what string) string {
	return fmt.Sprintf("/api/v1/namespaces/%s/pods/%s:7071/proxy/admin/v1/%s", namespace, tracker, what)
}

// without are the nodes but for one.
func (s *stage) without(node string) []string {
	return slices.DeleteFunc(slices.Clone(s.nodes), func(n string) bool { return n == node })
}

// pinned are those of the nodes that keep the image from garbage collection.
func (s *stage) pinned(image string, nodes []string) (names []string) {
	s.Helper()
	for _, n := range nodes {
		if strings.Contains(s.listed(n, image), "io.cri-containerd.pinned=pinned") {
			names = append(names, n)
		}
	}
	return names
}

// pins counts the images that Dray has pinned, on all nodes.
func (s *stage) pins() (images int) {
	s.Helper()
	for _, n := range s.nodes {
		out, err := s.on(n, "ctr", "-n", "k8s.io", "images", "ls")
		s.must(err)
		images += strings.Count(out, "dray.io/pinned-by=")
	}
	return images
}

func (s *stage) holds(node, image string) bool {
	s.Helper()
	return s.listed(node, image) != ""
}

// listed is what containerd says of an image, with its labels; "" without it.
func (s *stage) listed(node, image string) string {
	s.Helper()
	out, err := s.on(node, "ctr", "-n", "k8s.io", "images", "ls")
	s.must(err)
	return line(out, image)
}

// line is the one in ctr's list that begins with the name.
func line(list, name string) string {
	for l := range strings.Lines(list) {
		if strings.HasPrefix(l, name+" ") {
			return l
		}
	}
	return ""
}
