package chain

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

type maker struct {
	*Maker
	wrong chan digest.Digest
	reg   *prometheus.Registry
}

func newMaker(t *testing.T, c Content) *maker {
	t.Helper()
	m := &maker{wrong: make(chan digest.Digest, 8), reg: prometheus.NewRegistry()}
	m.Maker = NewMaker(c, func(d digest.Digest) { m.wrong <- d }, slog.New(slog.DiscardHandler), m.reg)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return m
}

// ask waits for a chain to end.
func (m *maker) ask(t *testing.T, d digest.Digest, size int) (c *Chain, met bool) {
	t.Helper()
	c, leave, err := m.Chain(d, int64(size))
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	return c, c.AwaitEnd(t.Context())
}

func (m *maker) wantAsked(t *testing.T, result string, n float64) {
	t.Helper()
	if got := testutil.ToFloat64(m.metrics.asked.WithLabelValues(result)); got != n {
		t.Errorf("%s: %v times, not %v", result, got, n)
	}
}

func TestAChainIsMadeOnceAndKept(t *testing.T) {
	data := random(5*Piece + 17)
	d := digest.FromBytes(data)
	m := newMaker(t, shelf{d: data})
	c, met := m.ask(t, d, len(data))
	if !met || !bytes.Equal(c.links, made(t, digest.SHA256, data).links) {
		t.Error("it is not the chain")
	}
	for range 3 {
		if _, met := m.ask(t, d, len(data)); !met {
			t.Error("it is not the chain")
		}
	}
	m.stop()
	m.wg.Wait()
	m.wantAsked(t, "made", 1)
}

func TestOwnContentThatIsWrongIsFound(t *testing.T) {
	data := random(3 * Piece)
	d := digest.FromBytes(data)
	for name, has := range map[string][]byte{
		"a wrong bit": append([]byte{data[0] ^ 1}, data[1:]...),
		"it is short": data[:Piece+5],
	} {
		m := newMaker(t, shelf{d: has})
		if _, met := m.ask(t, d, len(data)); met {
			t.Errorf("%s: its chain meets the digest", name)
		}
		if got := <-m.wrong; got != d {
			t.Errorf("%s: told of %s", name, got)
		}
	}
}

func TestContentThatIsGoneHasNoChain(t *testing.T) {
	m := newMaker(t, shelf{})
	if _, met := m.ask(t, digest.FromString("gone"), Piece); met {
		t.Error("it has one")
	}
	if len(m.wrong) > 0 {
		t.Error("it is told to be wrong")
	}
}

func TestAFetchedChainIsKept(t *testing.T) {
	data := random(2 * Piece)
	c := made(t, digest.SHA256, data)
	m := newMaker(t, shelf{})
	m.Keep(empty(t, c)) // it is no true one
	m.Keep(c)
	if got, met := m.ask(t, c.digest, len(data)); !met || got != c {
		t.Error("it is not kept")
	}
	m.wantAsked(t, "kept", 1)
	if err := testutil.GatherAndCompare(m.reg, strings.NewReader(`
# HELP dray_seeder_chain_memory_bytes Memory for chains of this node's content.
# TYPE dray_seeder_chain_memory_bytes gauge
dray_seeder_chain_memory_bytes 96
`), "dray_seeder_chain_memory_bytes"); err != nil {
		t.Error(err)
	}
}

// One is made at a time, so many may wait, and who leaves ends it.
func TestTheMakingOfChainsIsBounded(t *testing.T) {
	content := slowly{shelf{}, make(chan struct{})}
	var all []digest.Digest
	for i := range maxMaking + 1 {
		data := random(int64(Piece + i))
		all = append(all, digest.FromBytes(data))
		content.shelf[all[i]] = data
	}
	m := newMaker(t, content)
	var leaves []func()
	for i, d := range all[:maxMaking] {
		_, leave, err := m.Chain(d, int64(Piece+i))
		if err != nil {
			t.Fatal(err)
		}
		leaves = append(leaves, leave)
	}
	if _, _, err := m.Chain(all[maxMaking], Piece); !errors.Is(err, ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	for _, leave := range leaves {
		leave()
		leave() // once is enough
	}
	close(content.step)
	if _, met := m.ask(t, all[maxMaking], Piece+maxMaking); !met {
		t.Error("it is not made when the others have left")
	}
	m.wantAsked(t, "busy", 1)
}

func TestOneWhoLeavesTakesNothingFromOthers(t *testing.T) {
	data := random(2*Piece + 1)
	d := digest.FromBytes(data)
	content := slowly{shelf{d: data}, make(chan struct{})}
	m := newMaker(t, content)
	_, leave, err := m.Chain(d, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	c, stays, err := m.Chain(d, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	defer stays()
	leave()
	close(content.step)
	if !c.AwaitEnd(t.Context()) {
		t.Error("it was not finished")
	}
}
