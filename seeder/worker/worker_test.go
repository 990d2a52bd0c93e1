package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/seeder/yield"
	"github.com/drayproject/dray/shared/trackerapi"
)

const gib = 1 << 30

var (
	root  = digest.FromString("root")
	layer = digest.FromString("layer")
)

// node is a worker with a tracker, a puller and a store that a test controls.
type node struct {
	*Worker
	room trackerapi.Room

	mu     sync.Mutex
	wanted trackerapi.WorkResponse
	heard  []trackerapi.WorkRequest
	down   bool

	pulls  []puller.Request
	finish chan error // ends a pull

	images map[string]store.Parts
	pins   map[string][]string
	road   *yield.Road
}

func start(t *testing.T, parallel int) *node {
	t.Helper()
	n := &node{
		room:   trackerapi.Room{Total: 100 * gib, Free: 50 * gib},
		finish: make(chan error),
		images: map[string]store.Parts{}, pins: map[string][]string{},
		road: yield.New(),
	}
	n.Worker = New(Config{
		Node: trackerapi.Sender{Node: "n", Epoch: 1}, Parallel: parallel, MinFree: 0.1,
		Room: func() (trackerapi.Room, error) { n.mu.Lock(); defer n.mu.Unlock(); return n.room, nil },
	}, n, n, n.road, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); _ = n.Run(ctx) }()
	t.Cleanup(func() { stop(); <-done })
	return n
}

// want is what the tracker answers from now on.
func (n *node) want(r trackerapi.WorkResponse) {
	n.mu.Lock()
	r.AgainMS = 500
	n.wanted = r
	n.mu.Unlock()
	n.Asked(n)
	<-time.After(2 * time.Second) // of the bubble's time
	synctest.Wait()
}

// told is the last thing that the tracker has heard.
func (n *node) told() trackerapi.WorkRequest {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.heard[len(n.heard)-1]
}

func (n *node) phases() (all []trackerapi.Phase) {
	for _, s := range n.told().Tasks {
		all = append(all, s.Phase)
	}
	return all
}

// Work implements [Tracker].
func (n *node) Work(_ context.Context, m trackerapi.WorkRequest) (trackerapi.WorkResponse, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return trackerapi.WorkResponse{}, errors.New("down")
	}
	n.heard = append(n.heard, m)
	return n.wanted, nil
}

// Pull implements [Puller].
func (n *node) Pull(ctx context.Context, r puller.Request, emit func(puller.Event)) error {
	n.mu.Lock()
	n.pulls = append(n.pulls, r)
	n.mu.Unlock()
	emit(puller.Event{Type: puller.Resolved, Image: r.Image, Digest: root})
	emit(puller.Event{Type: puller.Progress, Blob: &puller.Blob{Digest: layer, Size: 10 * gib, State: puller.Waiting}})
	emit(puller.Event{Type: puller.Progress, Blob: &puller.Blob{Digest: layer, Size: 10 * gib, Offset: 4 * gib, State: puller.Pulling}})
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case err := <-n.finish:
		if err == nil {
			n.mu.Lock()
			n.images[r.Image] = store.Parts{Root: root, Blobs: []store.Info{{Digest: root, Size: 1}}}
			n.mu.Unlock()
		}
		return err
	}
}

func (n *node) Parts(_ context.Context, image string) (store.Parts, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	p, ok := n.images[image]
	if !ok {
		return p, store.ErrNotFound
	}
	return p, nil
}

func (n *node) Pins(context.Context) (all []store.Pin, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for image, owners := range n.pins {
		all = append(all, store.Pin{Image: image, Digest: root, Owners: owners})
	}
	return all, nil
}

func (n *node) Pin(_ context.Context, image string, owners []string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.images[image]; !ok {
		return store.ErrNotFound
	}
	n.pins[image] = slices.Sorted(slices.Values(owners))
	return nil
}

func (n *node) Unpin(_ context.Context, image string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.pins, image)
	return nil
}

func (n *node) Unpack(context.Context, string) error { return errors.New("not here") }

func task1(owners ...string) trackerapi.Task {
	return trackerapi.Task{ID: "1", Attempt: 1, Image: "example.test/a:1", Digest: root, Owners: owners}
}

func TestATaskIsDoneOnceAndPinned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		answer := trackerapi.WorkResponse{Tasks: []trackerapi.Task{task1("policy/a")}}
		n.want(answer)
		want := trackerapi.TaskState{
			ID: "1", Attempt: 1, Phase: trackerapi.TaskPulling, Digest: root, Offset: 4 * gib, Size: 10 * gib,
			Layers: []trackerapi.LayerState{{Digest: layer, Offset: 4 * gib, Size: 10 * gib}},
		}
		if got := n.told().Tasks; !reflect.DeepEqual(got, []trackerapi.TaskState{want}) {
			t.Errorf("got %+v; want %+v", got, want)
		}
		n.finish <- nil
		n.want(answer)
		if got := n.phases(); !slices.Equal(got, []trackerapi.Phase{trackerapi.TaskDone}) {
			t.Errorf("phases are %v", got)
		}
		if got := n.told().Pins; len(got) != 1 || got[0].Owners[0] != "policy/a" {
			t.Errorf("pins are %v", got)
		}
		if len(n.pulls) != 1 {
			t.Errorf("pulled %d times", len(n.pulls))
		}
		n.want(trackerapi.WorkResponse{})
		if got := n.phases(); len(got) > 0 {
			t.Errorf("relieved of it, it still tells of %v", got)
		}
	})
}

func TestATaskThatIsGoneIsGivenUpWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		n.want(trackerapi.WorkResponse{Tasks: []trackerapi.Task{task1()}})
		n.mu.Lock()
		n.wanted = trackerapi.WorkResponse{AgainMS: 500}
		n.mu.Unlock()
		<-time.After(time.Second)
		synctest.Wait()
		if len(n.slots) > 0 || len(n.States()) > 0 {
			t.Error("it is still being done")
		}
	})
}

func TestANewAttemptIsAnotherPull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		first := task1()
		n.want(trackerapi.WorkResponse{Tasks: []trackerapi.Task{first}})
		n.finish <- errors.New("registry is on fire")
		n.want(trackerapi.WorkResponse{Tasks: []trackerapi.Task{first}})
		if s := n.told().Tasks[0]; s.Phase != trackerapi.TaskFailed || s.Error != "registry is on fire" || len(n.pulls) != 1 {
			t.Errorf("after a failure: %+v, %d pulls", s, len(n.pulls))
		}
		second := first
		second.Attempt = 2
		n.want(trackerapi.WorkResponse{Tasks: []trackerapi.Task{second}})
		if s := n.told().Tasks[0]; s.Phase != trackerapi.TaskPulling || s.Attempt != 2 || len(n.pulls) != 2 {
			t.Errorf("second attempt: %+v, %d pulls", s, len(n.pulls))
		}
	})
}

func TestTasksTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 2)
		var all trackerapi.WorkResponse
		for i := range 3 {
			all.Tasks = append(all.Tasks, trackerapi.Task{ID: fmt.Sprint(i), Image: fmt.Sprintf("example.test/a:%d", i)})
		}
		n.want(all)
		if len(n.pulls) != 2 || n.count(trackerapi.TaskWaiting) != 1 {
			t.Errorf("%d pulls, phases %v", len(n.pulls), n.phases())
		}
		n.finish <- nil
		n.want(all)
		if len(n.pulls) != 3 {
			t.Errorf("%d pulls, phases %v", len(n.pulls), n.phases())
		}
	})
}

func TestATaskEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		late := task1()
		late.LeftMS = 1000
		answer := trackerapi.WorkResponse{Tasks: []trackerapi.Task{late}}
		n.want(answer)
		n.want(answer)
		if s := n.told().Tasks[0]; s.Phase != trackerapi.TaskFailed || s.Error != errLate.Error() {
			t.Errorf("got %+v", s)
		}
	})
}

func TestATaskWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		n.room.Free = 9 * gib
		answer := trackerapi.WorkResponse{Tasks: []trackerapi.Task{task1()}}
		n.want(answer)
		if s := n.told().Tasks[0]; s.Phase != trackerapi.TaskWaiting || s.Error != errRoom.Error() {
			t.Errorf("got %+v", s)
		}
		n.mu.Lock()
		n.room.Free = 15 * gib // some, but not for its ten
		n.mu.Unlock()
		n.want(answer)
		if s := n.told().Tasks[0]; s.Phase != trackerapi.TaskFailed || s.Error != errRoom.Error() {
			t.Errorf("got %+v", s)
		}
	})
}

func TestPinsAreReleasedOnlyByATrackerThatIsSure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		n.images["example.test/a:1"] = store.Parts{Root: root}
		n.pins["example.test/a:1"] = []string{"policy/a"}
		n.want(trackerapi.WorkResponse{})
		if len(n.told().Pins) != 1 {
			t.Error("it let go of a pin while the tracker did not know")
		}
		keep := trackerapi.Pin{Image: "example.test/a:1", Digest: root, Owners: []string{"policy/b", "policy/a"}}
		n.want(trackerapi.WorkResponse{Settled: true, Pins: []trackerapi.Pin{keep}})
		if got := n.told().Pins[0].Owners; !slices.Equal(got, []string{"policy/a", "policy/b"}) {
			t.Errorf("owners are %v", got)
		}
		n.want(trackerapi.WorkResponse{Settled: true})
		if got := n.told().Pins; len(got) > 0 {
			t.Errorf("pins are %v", got)
		}
	})
}

func TestWhatIsThereIsPinnedWithoutATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		n.images["example.test/a:1"] = store.Parts{Root: root}
		n.images["example.test/moved:1"] = store.Parts{Root: layer}
		n.want(trackerapi.WorkResponse{Pins: []trackerapi.Pin{
			{Image: "example.test/a:1", Digest: root, Owners: []string{"policy/a"}},
			{Image: "example.test/moved:1", Digest: root, Owners: []string{"policy/a"}},
			{Image: "example.test/none:1", Digest: root, Owners: []string{"policy/a"}},
		}})
		if got := n.told().Pins; len(got) != 1 || got[0].Image != "example.test/a:1" {
			t.Errorf("pins are %v", got)
		}
	})
}

func TestImagesAreDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		n.images["example.test/a:1"] = store.Parts{
			Root: root, Blobs: []store.Info{{Digest: root, Size: 7}}, Platforms: []string{"linux/amd64"},
		}
		n.mu.Lock()
		n.wanted.Describe = []trackerapi.Image{{Name: "example.test/none:1"}, {Name: "example.test/a:1"}}
		n.mu.Unlock()
		n.Asked(n)
		<-time.After(time.Second)
		want := []trackerapi.Description{{
			Image: "example.test/a:1", Digest: root, Platforms: []string{"linux/amd64"},
			Parts: []trackerapi.Part{{Digest: root, Size: 7}},
		}}
		if got := n.told().Described; !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v; want %+v", got, want)
		}
	})
}

// What is under way goes on without a tracker, and is told to the next one.
func TestTasksOutliveTheirTracker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		answer := trackerapi.WorkResponse{Tasks: []trackerapi.Task{task1()}}
		n.want(answer)
		n.mu.Lock()
		n.down = true
		n.mu.Unlock()
		<-time.After(10 * time.Second)
		n.finish <- nil
		n.mu.Lock()
		n.down = false
		n.mu.Unlock()
		n.want(answer)
		if got := n.phases(); !slices.Equal(got, []trackerapi.Phase{trackerapi.TaskDone}) || len(n.pulls) != 1 {
			t.Errorf("phases %v after %d pulls", got, len(n.pulls))
		}
	})
}

func TestALoginIsForTheRegistryOfTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		private := task1()
		private.Auth = &trackerapi.Auth{Username: "u", Password: "hidden-word"}
		n.want(trackerapi.WorkResponse{Tasks: []trackerapi.Task{private}})
		r := n.pulls[0]
		if r.Login == nil || r.Login.Username != "u" || r.Login.Secret != "hidden-word" {
			t.Error("the login did not reach the puller")
		}
		if text := fmt.Sprintf("%v %+v %#v", r, r, r.Login); strings.Contains(text, "hidden-word") {
			t.Errorf("the secret shows: %s", text)
		}
		if r.Header.Get(yield.Header) == "" {
			t.Error("it is not marked as background work")
		}
	})
}

// Somebody else pulls the image, or reads one of its blobs from here: neither other
// pulls nor the task's own limit hold it up any more.
func TestATaskThatSomebodyWaitsForIsHurried(t *testing.T) {
	for _, wanted := range []string{"example.test/a:1", string(layer)} {
		synctest.Test(t, func(t *testing.T) {
			n := start(t, 1)
			slow := task1()
			slow.Rate = 1 << 20
			n.want(trackerapi.WorkResponse{Tasks: []trackerapi.Task{slow}})
			took := func() time.Duration {
				began := time.Now()
				if err := n.pulls[0].Pace(t.Context(), 4<<20); err != nil {
					t.Fatal(err)
				}
				return time.Since(began)
			}
			if n.road.Want("example.test/b:1"); took() < 3*time.Second {
				t.Error("its own limit does not hold")
			}
			n.road.Want(wanted)
			if d := took(); d > 0 {
				t.Errorf("%s is waited for, and it took %s", wanted, d)
			}
			<-time.After(time.Minute)
			if d := took(); d > 0 {
				t.Errorf("a minute later it took %s", d)
			}
		})
	}
}

// CRI replaces all labels of an image when the kubelet pulls it.
func TestAPinThatIsLostIsMadeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := start(t, 1)
		n.images["example.test/a:1"] = store.Parts{Root: root}
		n.want(trackerapi.WorkResponse{Settled: true, Pins: []trackerapi.Pin{
			{Image: "example.test/a:1", Digest: root, Owners: []string{"policy/a"}},
		}})
		n.mu.Lock()
		n.down = true
		delete(n.pins, "example.test/a:1")
		n.mu.Unlock()
		<-time.After(2 * checkInterval)
		synctest.Wait()
		if pins, _ := n.Pins(t.Context()); len(pins) != 1 {
			t.Errorf("pins are %v", pins)
		}
	})
}
