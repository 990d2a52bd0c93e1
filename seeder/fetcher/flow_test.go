package fetcher

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"
)

// Each of three holders has a third of this node's link.
func TestSlowPeersSendTogether(t *testing.T) {
	data, d := blob(hugeSize)
	for name, c := range map[string]struct {
		rates []int
		least float64 // times as fast as the first alone
	}{
		"two":                    {[]int{2 * slow, 2 * slow}, 1.8},
		"three":                  {[]int{2 * slow, 2 * slow, 2 * slow}, 2.5},
		"four":                   {[]int{2 * slow, 2 * slow, 2 * slow, 2 * slow}, 3},
		"a slow one with others": {[]int{slow, 3 * slow, 2 * slow}, 4.5},
		"a fast one with others": {[]int{3 * slow, slow, 2 * slow}, 1.5},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{}, data, c.rates, func(l *lab) {
				took, from := l.took(d, data, 0)
				alone := time.Duration(hugeSize) * time.Second / time.Duration(c.rates[0])
				t.Logf("%.2f times as fast, %v", float64(alone)/float64(took), from)
				if float64(alone) < c.least*float64(took) || len(from) != len(c.rates) {
					t.Errorf("it took %s; alone %s", took, alone)
				}
				l.wantReports("")
				if l.buffers.used != 0 {
					t.Errorf("%d buffers are still in use", l.buffers.used)
				}
			})
		})
	}
}

func TestOneSourceDoesWhereMoreAreOfNoUse(t *testing.T) {
	data, d := blob(hugeSize)
	alone := hugeSize * time.Second / (4 * slow)
	for name, c := range map[string]struct {
		cfg   Config
		down  int
		pace  int
		tries int // requests ahead of the parent, at most
	}{
		"the own link is full": {down: 4 * slow, tries: 6},
		"the reader is slow":   {pace: 4 * slow},
		"it is switched off":   {cfg: Config{Sources: 1}, down: 4 * slow},
		"there is no memory":   {cfg: Config{Memory: 1}, down: 4 * slow},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, c.cfg, data, []int{40 * slow, 40 * slow, 40 * slow}, func(l *lab) {
				if c.down > 0 {
					l.down = limiter(c.down)
				}
				took, from := l.took(d, data, c.pace)
				tries := 0
				for _, p := range l.peers {
					_, ahead := p.counts()
					tries += ahead
				}
				if took > alone*21/20 || tries > c.tries || from["a"] < hugeSize*7/10 {
					t.Errorf("it took %s, alone %s; %v; %d requests ahead", took, alone, from, tries)
				}
			})
		})
	}
}

// A holder that sends to others is not bothered, and that is no fault of it.
func TestWhoIsBusyDoesNotHelp(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{}, data, []int{4 * slow, 4 * slow}, func(l *lab) {
		l.peers["b"].sending = 1
		took, from := l.took(d, data, 0)
		if alone := hugeSize * time.Second / (4 * slow); took > alone*21/20 || from["b"] != 0 {
			t.Errorf("it took %s: %v", took, from)
		}
		l.wantReports("")
		if asked, ahead := l.peers["b"].counts(); asked != ahead || ahead > 4 {
			t.Errorf("asked %d times, %d of them ahead", asked, ahead)
		}
	})
}

// Whatever becomes of a helper: it costs next to nothing, compared with the parent
// alone, and who is at fault is reported.
func TestAHelperThatFailsCostsNothing(t *testing.T) {
	data, d := blob(hugeSize)
	const middle = 400_000 // of its first piece
	alone := hugeSize * time.Second / (4 * slow)
	for name, c := range map[string]struct {
		fault  func(*labAnswer)
		report string
	}{
		"refused":    {func(a *labAnswer) { a.refused = true }, "b refused"},
		"404":        {func(a *labAnswer) { a.status = 404 }, "b miss"},
		"500":        {func(a *labAnswer) { a.status = 500 }, "b miss"},
		"other size": {func(a *labAnswer) { a.contentRange = "bytes 0-9/10" }, "b corrupt"},
		"FIN":        {func(a *labAnswer) { a.stopAt, a.breaks = middle, io.ErrUnexpectedEOF }, "b short"},
		"RST":        {func(a *labAnswer) { a.stopAt, a.breaks = middle, errors.New("reset") }, "b short"},
		"stall":      {func(a *labAnswer) { a.stopAt = middle }, "b stall"},
		"no byte":    {func(a *labAnswer) { a.mute = true }, "b timeout"},
		"drip":       {func(a *labAnswer) { a.stopAt, a.drip = middle, 10*time.Millisecond }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{}, data, []int{4 * slow, 4 * slow}, func(l *lab) {
				l.peers["b"].fault = func(a *labAnswer) {
					if a.helps {
						c.fault(a)
					}
				}
				took, from := l.took(d, data, 0)
				t.Logf("%s: %v; %s", took, from, l.reported())
				if took > alone*21/20 {
					t.Errorf("it took %s; alone %s", took, alone)
				}
				if c.report != "" {
					l.wantReports(c.report)
				}
			})
		})
	}
}

// The parent fails while others help: one of them takes its place.
func TestAParentThatFailsAmongHelpersIsReplaced(t *testing.T) {
	data, d := blob(hugeSize)
	for name, fault := range map[string]func(*labAnswer){
		"FIN":   func(a *labAnswer) { a.stopAt, a.breaks = slow, io.ErrUnexpectedEOF },
		"stall": func(a *labAnswer) { a.stopAt = slow },
		"gone":  func(a *labAnswer) { a.refused = true },
	} {
		t.Run(name, func(t *testing.T) {
			inLab(t, Config{}, data, []int{4 * slow, 4 * slow, 4 * slow}, func(l *lab) {
				l.peers["a"].fault = func(a *labAnswer) {
					if l.peers["a"].asked > 3 {
						fault(a)
					}
				}
				took, from := l.took(d, data, 0)
				t.Logf("%s: %v; %s", took, from, l.reported())
				if alone := hugeSize * time.Second / (4 * slow); took > alone*3/4 {
					t.Errorf("it took %s; alone %s", took, alone)
				}
			})
		})
	}
}

// Wrong bytes of a helper never make a whole.
func TestWrongBytesOfAHelperAreNeverWhole(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{}, data, []int{4 * slow, 4 * slow}, func(l *lab) {
		l.peers["b"].data = flipped(data, hugeSize/2)
		for i := range 40 { // every piece is wrong in one place
			l.peers["b"].data = flipped(l.peers["b"].data, hugeSize/40*i)
		}
		got, _, err := l.readAt(d, 0)
		if !errors.Is(err, ErrCorrupt) || len(got) >= hugeSize {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestMemoryIsBoundedOverAllBodies(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{Memory: 3 * pieceSize}, data, []int{slow, slow, slow, slow}, func(l *lab) {
		done := make(chan time.Duration)
		for range 3 {
			go func() {
				took, _ := l.took(d, data, 0)
				done <- took
			}()
		}
		most := 0
		for left := 3; left > 0; {
			select {
			case <-done:
				left--
			case <-time.After(50 * time.Millisecond):
				l.buffers.mu.Lock()
				most = max(most, l.buffers.used)
				l.buffers.mu.Unlock()
			}
		}
		if most == 0 || most > 3 || l.buffers.used != 0 || l.buffers.free != nil {
			t.Errorf("up to %d buffers, %d at the end", most, l.buffers.used)
		}
	})
}

// A reader that goes away leaves nothing behind: the bubble would not end.
func TestAReaderThatLeavesItsHelpers(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{}, data, []int{slow, slow, slow}, func(l *lab) {
		s, err := l.Fetch(context.Background(), Request{Digest: d, Length: ToEnd})
		if err != nil {
			t.Fatal(err)
		}
		buf := make([]byte, 256<<10)
		for range 100 {
			if _, err := s.Read(buf); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(l.Helpers(d)); n == 0 {
			t.Error("nobody helps")
		}
		_ = s.Close()
		if l.buffers.used != 0 || len(l.Helpers(d)) != 0 {
			t.Errorf("%d buffers, helpers %v", l.buffers.used, l.Helpers(d))
		}
		l.wantReports("")
	})
}

// Partial holders are in a swarm whose shape somebody has thought about.
func TestNobodyHelpsAPartialParent(t *testing.T) {
	data, d := blob(hugeSize)
	inLab(t, Config{}, data, []int{4 * slow, 4 * slow}, func(l *lab) {
		l.setHandout(partial(holder("a", "a:1")), holder("b", "b:1"))
		_, from := l.took(d, data, 0)
		if from["b"] != 0 {
			t.Errorf("%v", from)
		}
	})
}
