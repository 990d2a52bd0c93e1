package chain

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/opencontainers/go-digest"
)

func sent(t testing.TB, c *Chain) []byte {
	t.Helper()
	var all bytes.Buffer
	if err := c.Send(t.Context(), &all, func() {}); err != nil {
		t.Fatal(err)
	}
	if int64(all.Len()) != c.Wire() {
		t.Fatalf("sent %d bytes, said %d", all.Len(), c.Wire())
	}
	return all.Bytes()
}

func empty(t testing.TB, of *Chain) *Chain {
	t.Helper()
	c, err := New(of.digest, of.size)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAChainArrivesAsItWasSent(t *testing.T) {
	for _, a := range algorithms {
		for _, size := range sizes {
			c := made(t, a, random(size))
			for name, r := range map[string]io.Reader{
				"whole":        bytes.NewReader(sent(t, c)),
				"by the byte":  iotest.OneByteReader(bytes.NewReader(sent(t, c))),
				"with its end": iotest.DataErrReader(bytes.NewReader(sent(t, c))),
			} {
				got := empty(t, c)
				if err := got.Receive(r); err != nil {
					t.Fatal(a, size, name, err)
				}
				if _, met := got.Met(); !met || !bytes.Equal(got.links, c.links) {
					t.Errorf("%s, %d, %s: %d bytes of links, met %v", a, size, name, len(got.links), met)
				}
			}
		}
	}
}

func TestAChainThatIsNotWhole(t *testing.T) {
	c := made(t, digest.SHA256, random(3*Piece))
	whole := sent(t, c)
	for name, part := range map[string][]byte{
		"nothing":          {},
		"half a link":      whole[:40],
		"no sum":           whole[:96],
		"half a sum":       whole[:100],
		"something more":   append(bytes.Clone(whole), 0),
		"of other content": append(bytes.Clone(whole[:96]), make([]byte, 32)...),
	} {
		got := empty(t, c)
		err := got.Receive(bytes.NewReader(part))
		if over, met := got.Met(); !over || met || (err == nil) != (name == "of other content") {
			t.Errorf("%s: over %v, met %v, %v", name, over, met, err)
		}
		if link := got.Link(0); link != nil && !bytes.Equal(link, c.Link(0)) {
			t.Errorf("%s: another first link", name)
		}
	}
}

// Each link can be had as soon as it is known, and nobody waits for the rest.
func TestAChainIsReadWhileItIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := made(t, digest.SHA256, random(2*Piece))
		making, got := empty(t, c), empty(t, c)
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(making.Send(t.Context(), w, func() {})) }()
		ended := make(chan error, 1)
		go func() { ended <- got.Receive(r) }()
		for i := range 2 {
			synctest.Wait()
			if got.Link(i) != nil {
				t.Errorf("link %d is there before it was made", i)
			}
			making.add(c.Link(i))
			if got.Await(t.Context(), i) == nil {
				t.Errorf("link %d does not come", i)
			}
		}
		synctest.Wait()
		if over, _ := got.Met(); over {
			t.Error("it is over before its end")
		}
		making.end(c.want)
		if !got.AwaitEnd(t.Context()) {
			t.Error("it does not end well")
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestNobodyWaitsForAChainThatBreaksOff(t *testing.T) {
	c := made(t, digest.SHA256, random(3*Piece))
	making := empty(t, c)
	making.add(c.Link(0))
	making.end(nil)
	if making.Await(t.Context(), 0) == nil || making.Await(t.Context(), 1) != nil || making.AwaitEnd(t.Context()) {
		t.Error("it has one link and no end")
	}
	if err := making.Send(t.Context(), io.Discard, func() {}); !errors.Is(err, errBroken) {
		t.Errorf("it was sent: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	waiting := empty(t, c)
	if waiting.Await(ctx, 0) != nil || waiting.AwaitEnd(ctx) || waiting.Send(ctx, io.Discard, func() {}) == nil {
		t.Error("somebody waits who has left")
	}
}

func TestPathsOfChains(t *testing.T) {
	d := digest.FromString("a")
	if got, ok := Asked(Path(d)); !ok || got != d {
		t.Errorf("%s %v", got, ok)
	}
	for _, path := range []string{"", "/", "/chains/", "/chains/sha256:12", "/v2" + Path(d), Path(d) + "/", "/chains/../" + d.String()} {
		if d, ok := Asked(path); ok {
			t.Errorf("%q asks for %s", path, d)
		}
	}
}

// Whatever a peer sends: no link is taken that has not come whole, and nothing that
// is not the whole chain meets the digest.
func FuzzReceive(f *testing.F) {
	c := made(f, digest.SHA256, random(2*Piece+1))
	whole := sent(f, c)
	f.Add(whole, 1)
	f.Add(whole[:50], 7)
	f.Add(append(bytes.Clone(whole), 1), 100)
	f.Fuzz(func(t *testing.T, data []byte, step int) {
		got := empty(t, c)
		var r io.Reader = bytes.NewReader(data)
		if step%2 == 1 {
			r = iotest.HalfReader(r)
		}
		err := got.Receive(r)
		over, met := got.Met()
		if !over || (met && err != nil) || len(got.links) > len(whole)-32 || len(got.links)%32 != 0 {
			t.Errorf("over %v, met %v, %d bytes of links, %v", over, met, len(got.links), err)
		}
		if !bytes.HasPrefix(data, got.links) {
			t.Error("the links are not what came")
		}
	})
}
