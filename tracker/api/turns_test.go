package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// told posts a message and reads the answer.
func told[Resp any](t *testing.T, h http.Handler, verb string, m any) (resp Resp) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/v1/"+verb, strings.NewReader(marshal(t, m))))
	if err := json.Unmarshal(w.Body.Bytes(), &resp); w.Code != http.StatusOK || err != nil {
		t.Fatalf("%s: %d %s", verb, w.Code, w.Body)
	}
	return resp
}

func sender(i int) trackerapi.Sender { return trackerapi.Sender{Node: fmt.Sprint("n", i), Epoch: 1} }

// arrive registers some nodes, and says which are not told to hold.
func arrive(t *testing.T, h http.Handler, n int, walking bool) (asked []int) {
	t.Helper()
	for i := range n {
		m := trackerapi.RegisterRequest{Node: trackerapi.Node{Name: sender(i).Node, Epoch: 1, Addr: "h:1"}, Walking: walking}
		if !told[trackerapi.RegisterResponse](t, h, "register", m).Hold {
			asked = append(asked, i)
		}
	}
	return asked
}

func beats(t *testing.T, h http.Handler, i int) trackerapi.HeartbeatResponse {
	t.Helper()
	return told[trackerapi.HeartbeatResponse](t, h, "heartbeat", trackerapi.HeartbeatRequest{Sender: sender(i)})
}

func TestOnlySomeAreAskedForEverythingAtATime(t *testing.T) {
	a, _ := newAPI()
	h := a.Nodes()
	const all = 3 * maxTurns
	if asked := arrive(t, h, all, false); len(asked) != maxTurns {
		t.Fatalf("%d are asked at once", len(asked))
	}
	if r := beats(t, h, 0); !r.Resend || r.Hold {
		t.Fatalf("who has a turn is told %+v", r)
	}
	for i := range all { // each that has come makes room for one more
		m := trackerapi.AnnounceRequest{Sender: sender(i), Whole: true, Seq: 1}
		if r := told[trackerapi.AnnounceResponse](t, h, "announce", m); r.Resend || r.Hold {
			t.Fatalf("announce: %+v", r)
		}
		next := i + maxTurns
		if next >= all {
			continue
		}
		if r := beats(t, h, next); !r.Resend || r.Hold {
			t.Fatalf("the next one is told %+v", r)
		}
		if next+1 < all {
			if r := beats(t, h, next+1); !r.Resend || !r.Hold {
				t.Fatalf("the one after that is told %+v", r)
			}
		}
	}
	if n := a.turns.running(time.Now()); n != 0 {
		t.Errorf("%d turns are left", n)
	}
}

func TestUnusedTurnIsAnothersAfterAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, _ := newAPI()
		h := a.Nodes()
		arrive(t, h, maxTurns+1, false)
		<-time.After(turnTime - 1)
		if r := beats(t, h, maxTurns); !r.Hold {
			t.Fatalf("early: %+v", r)
		}
		<-time.After(1)
		if r := beats(t, h, maxTurns); !r.Resend || r.Hold {
			t.Fatalf("late: %+v", r)
		}
	})
}

func TestWhoDoesNotKnowWhatItHoldsHasNoTurn(t *testing.T) {
	a, _ := newAPI()
	h := a.Nodes()
	if asked := arrive(t, h, 2, true); len(asked) != 0 {
		t.Fatalf("%v are asked", asked)
	}
	m := trackerapi.HeartbeatRequest{Sender: sender(0), Walking: true}
	if r := told[trackerapi.HeartbeatResponse](t, h, "heartbeat", m); !r.Resend || !r.Hold {
		t.Fatalf("walking: %+v", r)
	}
	if n := a.turns.running(time.Now()); n != 0 {
		t.Fatalf("%d turns are taken", n)
	}
	if r := beats(t, h, 0); !r.Resend || r.Hold {
		t.Fatalf("then: %+v", r)
	}
}

func TestBrokenInventoryGivesItsTurnAway(t *testing.T) {
	a, _ := newAPI()
	h := a.Nodes()
	arrive(t, h, maxTurns+1, false)
	a.turns.end(1)
	beats(t, h, maxTurns) // has that turn now
	m := trackerapi.AnnounceRequest{Sender: sender(0), Whole: true, Seq: 1, SetHash: 7}
	if r := told[trackerapi.AnnounceResponse](t, h, "announce", m); !r.Resend || r.Hold {
		t.Fatalf("there is a turn left: %+v", r)
	}
	a.turns.end(0)
	beats(t, h, 1)
	if r := told[trackerapi.AnnounceResponse](t, h, "announce", m); !r.Resend || !r.Hold {
		t.Fatalf("there is none left: %+v", r)
	}
}

// Whoever looks something up does not wait for a core behind inventories.
func TestLargeAnnouncementsWaitForACore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, h := registered(t)
		a.limits = newLimits() // of the bubble
		cores := 0
		for a.limits.cores.TryAcquire(1) {
			cores++
		}
		var many []digest.Digest
		for i := range smallTake / 64 {
			many = append(many, digest.FromString(fmt.Sprint(i)))
		}
		answered := make(chan int, 1)
		go func() {
			m := trackerapi.AnnounceRequest{Sender: me, Whole: true, Add: many}
			status, _ := post(h, "/v1/announce", marshal(t, m))
			answered <- status
		}()
		synctest.Wait()
		if len(answered) > 0 {
			t.Fatalf("it did not wait: %d", <-answered)
		}
		for verb, m := range map[string]any{
			"announce": trackerapi.AnnounceRequest{Sender: me, Add: many[:1]},
			"lookup":   trackerapi.LookupRequest{Node: "a", Digests: many},
		} {
			if status, _ := post(h, "/v1/"+verb, marshal(t, m)); status != http.StatusOK {
				t.Fatalf("%s: %d", verb, status)
			}
		}
		a.limits.cores.Release(int64(cores))
		if status := <-answered; status != http.StatusOK {
			t.Fatalf("announce: %d", status)
		}
		if a.limits.cores.Acquire(context.Background(), int64(cores)) != nil || !a.limits.room.TryAcquire(bodyRoom) {
			t.Error("something was not given back")
		}
	})
}
