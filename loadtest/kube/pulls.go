package kube

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	variety = 12 // images that are pulled in turn
	kept    = 6  // of which a node keeps the newest
)

// pulls are pods that come and go on every node, each with an image that its
// node does not have.
type pulls struct {
	s      *stage
	images []string
	size   int64 // of each image
	done   atomic.Int64
	told   int64 // of those that are done
	sent   int64 // by the registry, when it was told last
	cancel context.CancelFunc
	wg     sync.WaitGroup

	mu     sync.Mutex
	failed []error
}

// startPulls returns when every node has pulled once.
func (s *stage) startPulls() *pulls {
	s.Helper()
	p := &pulls{s: s}
	for i := range variety {
		image, size := s.push(uint64(100+i), 3, mib)
		p.images, p.size = append(p.images, image), size
	}
	p.sent = s.registrySent()
	ctx, cancel := context.WithCancel(s.Context())
	p.cancel = cancel
	for _, node := range s.nodes {
		p.wg.Go(func() { p.pull(ctx, node) })
	}
	s.Cleanup(p.stop)
	p.awaitRound()
	return p
}

// awaitRound returns when there were as many pulls more as there are nodes.
func (p *pulls) awaitRound() {
	p.s.Helper()
	enough := p.done.Load() + int64(len(p.s.nodes))
	p.s.eventually(podDeadline, "every node pulls", func() bool { return p.done.Load() >= enough })
}

// stop ends the pulls that are under way in their own time.
func (p *pulls) stop() {
	p.cancel()
	p.wg.Wait()
}

// tell says what was pulled since it was asked last. A pull that failed, even if
// it succeeded when it was tried again, ends the test.
func (p *pulls) tell() string {
	p.s.Helper()
	p.awaitRound()
	p.mu.Lock()
	failed := p.failed
	p.mu.Unlock()
	if len(failed) > 0 {
		p.s.Fatalf("%d of %d pulls failed, the first: %v", len(failed), p.done.Load(), failed[0])
	}
	var events list
	p.s.must(p.s.read(&events, "-n", workloads, "get", "events", "--field-selector", "reason=Failed"))
	for _, e := range events.Items {
		p.s.Fatalf("%s: %s", e.InvolvedObject.Name, e.Message)
	}
	done, sent := p.done.Load(), p.s.registrySent()
	pulls, bytes := done-p.told, sent-p.sent
	p.told, p.sent = done, sent
	return fmt.Sprintf("%d pulls meanwhile on all nodes, none failed; of their %s the registry sent %s", pulls, mega(pulls*p.size), mega(bytes))
}

func (p *pulls) pull(ctx context.Context, node string) {
	for i := 0; ctx.Err() == nil; i++ {
		if err := p.once(node, i); err != nil {
			p.mu.Lock()
			p.failed = append(p.failed, fmt.Errorf("%s: %w", node, err))
			p.mu.Unlock()
		}
		p.done.Add(1)
	}
}

// once runs a pod to its end. Before, the node forgets the image that it has
// had longest, so that this one's turn comes again.
func (p *pulls) once(node string, i int) error {
	if err := p.forget(node, p.images[(i+variety-kept)%variety]); err != nil {
		return err
	}
	name := fmt.Sprintf("pull-%s-%d", node, i)
	if err := p.s.apply(pod(name, node, p.images[i%variety], "once")); err != nil {
		return err
	}
	_, err := p.s.ctl("-n", workloads, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/"+name, "--timeout="+podDeadline.String())
	if err != nil {
		return err
	}
	_, err = p.s.ctl("-n", workloads, "delete", "pod", name, "--wait=false")
	return err
}

// forget removes an image by all its names. What is left is garbage, and
// collected at once.
func (p *pulls) forget(node, image string) error {
	list, err := p.s.on(node, "ctr", "-n", "k8s.io", "images", "ls")
	if err != nil {
		return err
	}
	names := aliases(list, image)
	if len(names) == 0 {
		return nil
	}
	_, err = p.s.on(node, append([]string{"ctr", "-n", "k8s.io", "images", "rm", "--sync"}, names...)...)
	return err
}

// aliases are the names in ctr's list whose digest is the image's.
func aliases(list, image string) (names []string) {
	digest := ""
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == image {
			digest = f[2]
		}
	}
	for line := range strings.Lines(list) {
		if f := strings.Fields(line); len(f) > 2 && digest != "" && f[2] == digest {
			names = append(names, f[0])
		}
	}
	return names
}
