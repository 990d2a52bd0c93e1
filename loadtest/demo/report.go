package demo

import (
	"context"
	"errors"
	"fmt"

	"github.com/drayproject/dray/loadtest/testbed/imagekit"
	"github.com/drayproject/dray/seeder/puller"
)

// Report is what a demo has shown.
type Report struct {
	Pulls         []Pull
	ImageBytes    int64  // of one pull
	RegistryBytes int64  // sent in all
	Victim        string // the node that was killed while it was sending
	VictimSent    int64  // bytes of the layer that it was sending
	Verified      int    // blobs hashed again, in all stores
}

// Pull is how a node got the image.
type Pull struct {
	Node string
	puller.Totals
}

func (p Pull) bytes(from puller.From) (n int64) {
	for _, s := range p.Sources {
		if s.From == from {
			n += s.Bytes
		}
	}
	return n
}

// everythingIsChecked holds the stores, the registry's count and the pulls
// against what the demo claims.
func (s *stage) everythingIsChecked(context.Context) error {
	s.act("is it all there, and right?")
	s.report.ImageBytes = s.img.Size()
	var gets map[string]int
	s.report.RegistryBytes, gets = s.origin.sent()
	err := errors.Join(s.eachBlobLeftTheRegistryOnce(gets), s.nobodyElseAskedIt(), s.allStoresVerify())
	if err != nil {
		return fmt.Errorf("the demo's claims do not hold: %w", err)
	}
	s.print(s.report.table(s.RegistryRate))
	return nil
}

func (s *stage) allStoresVerify() error {
	var wrong []error
	for _, n := range s.nodes {
		found, err := imagekit.Verify(n.blobs(), s.img.Parts)
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		s.report.Verified += found
		s.say(n.name, "%d blobs hashed again from its disk: all right", found)
	}
	return errors.Join(wrong...)
}

func (s *stage) eachBlobLeftTheRegistryOnce(gets map[string]int) error {
	var wrong []error
	for _, p := range s.img.Parts {
		if n := gets[p.Digest.String()]; n != 1 {
			wrong = append(wrong, fmt.Errorf("the registry was asked %d times for the %s %s", n, p.Kind, p.Digest))
		}
	}
	if s.report.RegistryBytes != s.report.ImageBytes {
		wrong = append(wrong, fmt.Errorf("the registry sent %d bytes for an image of %d", s.report.RegistryBytes, s.report.ImageBytes))
	}
	return errors.Join(wrong...)
}

func (s *stage) nobodyElseAskedIt() error {
	var wrong []error
	for i, p := range s.report.Pulls {
		source := puller.FromPeer
		if i == 0 {
			source = puller.FromOrigin
		}
		if got := p.bytes(source); got != s.report.ImageBytes {
			wrong = append(wrong, fmt.Errorf("%s: %d of %d bytes came from %s", p.Node, got, s.report.ImageBytes, source))
		}
	}
	return errors.Join(wrong...)
}

func (r Report) table(registryRate int64) string {
	out := fmt.Sprintf("\n  %-7s %12s %12s %9s   %s\n", "node", "registry", "neighbours", "time", "from")
	for _, p := range r.Pulls {
		out += fmt.Sprintf("  %-7s %12s %12s %7.1f s   %s\n",
			p.Node, orNone(p.bytes(puller.FromOrigin)), orNone(p.bytes(puller.FromPeer)), p.Seconds, from(p.Sources))
	}
	all := int64(len(r.Pulls)) * r.ImageBytes
	alone := float64(all) / float64(registryRate)
	out += fmt.Sprintf(`
  The registry sent %s, each blob once. Without Dray it would have sent %s,
  which takes its link %.1f s at least; here all nodes were done in %.1f s: %.1f times as fast.
  %s was killed after %s of the layer that it was sending, and the pull went on.
  %d blobs in %d stores were hashed again, and every digest is right.
`, size(r.RegistryBytes), size(all), alone, r.seconds(), alone/r.seconds(), r.Victim, size(r.VictimSent), r.Verified, len(r.Pulls))
	return out
}

// seconds is the time of all pulls, of which the second and the third ran side
// by side.
func (r Report) seconds() float64 {
	p := r.Pulls
	return p[0].Seconds + max(p[1].Seconds, p[2].Seconds) + p[3].Seconds
}

func orNone(n int64) string {
	if n == 0 {
		return "-"
	}
	return size(n)
}
