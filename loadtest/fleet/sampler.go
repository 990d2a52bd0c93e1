package fleet

import (
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	samplerRate  = 300 // lookups per second
	samplerLines = 64  // connections, which take turns
	samplerHands = 32  // requests at a time: those that are slow keep no other from being seen
)

// A sampler is a process of its own beside the virtual seeders: what these see of
// a tracker under load is first of all how long they have waited for each other. It
// asks so seldom that it has nobody to wait for, and has a priority that lets it
// run at once. What it sees is what a real seeder would.

// errand is what a sampler is told on its standard input.
type errand struct {
	Addr    string            `json:"addr"` // the tracker's
	Askers  []string          `json:"askers"`
	Lookups [][]digest.Digest `json:"lookups"` // any of them, again and again
}

// sight is what it has seen: nothing when it says that it is ready, and all once
// its standard input has ended.
type sight struct {
	Verb     Verb `json:"verb"`
	Errors   int  `json:"errors"`
	RealTime bool `json:"real_time"` // the kernel has let it go first
}

// how is for the names of figures.
func (s sight) how() string {
	if s.RealTime {
		return "as a sampler sees it that goes first"
	}
	return "as a sampler sees it"
}

// samplerCommand is for this program itself.
func samplerCommand() *cobra.Command {
	return &cobra.Command{
		Use: "sampler", Hidden: true, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			debug.SetGCPercent(-1) // it does not live long enough
			in := json.NewDecoder(cmd.InOrStdin())
			var e errand
			if err := in.Decode(&e); err != nil {
				return err
			}
			ctx, over := context.WithCancel(cmd.Context())
			defer over()
			go func() {
				_, _ = io.Copy(io.Discard, cmd.InOrStdin()) // it ends
				over()
			}()
			out := json.NewEncoder(cmd.OutOrStdout())
			s := sight{RealTime: goFirst() == nil}
			clients, err := connect(ctx, e)
			if err != nil {
				return err
			}
			if err := out.Encode(s); err != nil { // it is ready
				return err
			}
			s.look(ctx, e, clients)
			return out.Encode(s)
		},
	}
}

// goFirst gives this process the least of the real-time priorities, which is
// before all that have none.
func goFirst() error {
	return everyThread(func(tid int) error {
		return unix.SchedSetAttr(tid, &unix.SchedAttr{Policy: unix.SCHED_FIFO, Priority: 1}, 0)
	})
}

// connect opens the lines.
func connect(ctx context.Context, e errand) (clients []*trackerapi.Client, err error) {
	ctx, cancel := context.WithTimeout(ctx, longer)
	defer cancel()
	for range samplerLines {
		c := trackerapi.NewClient(e.Addr, &http.Client{Transport: &line{addr: e.Addr}})
		if _, err := c.Lookup(ctx, trackerapi.LookupRequest{Node: e.Askers[0], Digests: e.Lookups[0]}); err != nil {
			return nil, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}

// look asks until ctx ends. It waits for an answer for so long that a late one is
// seen as what it is.
func (s *sight) look(ctx context.Context, e errand, clients []*trackerapi.Client) {
	seen := newRecorder()
	repeat(ctx, samplerHands, perSecond(samplerRate), func(ctx context.Context, i int, due time.Time) {
		ctx, cancel := context.WithTimeout(ctx, longer)
		defer cancel()
		_, err := clients[i%len(clients)].Lookup(ctx, trackerapi.LookupRequest{
			Node: e.Askers[rand.IntN(len(e.Askers))], Digests: e.Lookups[rand.IntN(len(e.Lookups))],
		})
		seen.answered(lookupOne, due, err)
	})
	s.Verb = newVerb(lookupOne, seen.verbs[lookupOne])
	for _, n := range seen.trouble() {
		s.Errors += n
	}
}
