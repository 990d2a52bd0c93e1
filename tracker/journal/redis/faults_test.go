package redis_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
	"github.com/drayproject/dray/tracker/journal/redis"
)

func mustOpen(t testing.TB, r *redis.Redis) *redis.Redis {
	t.Helper()
	if err := r.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t testing.TB, r *redis.Redis, entries ...journal.Entry) {
	t.Helper()
	if err := r.Write(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

// everything tries each method once and gives the errors.
func everything(t *testing.T, r *redis.Redis) map[string]error {
	_, attend := r.Attend(t.Context(), 1)
	_, stamps := r.Stamps(t.Context(), 3)
	_, claim := r.Claim(t.Context(), time.Minute)
	_, put := r.Put(t.Context(), journal.Paper{Kind: journal.Policies, Name: "a", Text: []byte("{}")})
	_, _, papers := r.Papers(t.Context(), journal.Policies)
	drop := r.Drop(t.Context(), journal.Paper{Kind: journal.Policies, Name: "a", Rev: 1})
	var load error
	for _, load = range r.Load(t.Context()) {
		break
	}
	return map[string]error{
		"claim": claim, "put": put, "papers": papers, "drop": drop, "resign": r.Resign(t.Context()),
		"open": r.Open(t.Context()), "attend": attend, "stamps": stamps, "load": load,
		"write":  r.Write(t.Context(), []journal.Entry{journaltest.Entry("a", 1, 2)}),
		"touch":  r.Touch(t.Context(), []journal.Stamp{{Node: "a", Writer: r.ID()}}),
		"remove": r.Remove(t.Context(), []string{"a"}), "forget": r.Forget(t.Context(), r.ID()),
	}
}

func TestEverythingFailsSoonWithoutServer(t *testing.T) {
	for name, away := range map[string]func(s *redistest.Server){
		"stopped": (*redistest.Server).Stop,
		"frozen":  (*redistest.Server).Freeze,
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t)
			r := mustOpen(t, mustNew(t, "redis://"+s.Addr, "dray:"))
			write(t, r, journaltest.Entry("a", 1, 5))
			away(s)
			begin := time.Now()
			for method, err := range everything(t, r) {
				if err == nil || errors.Is(err, journal.ErrRefused) {
					t.Errorf("%s: %v", method, err)
				}
			}
			if took := time.Since(begin); took > 20*time.Second { // thirteen times half a second, on a busy machine
				t.Errorf("it took %s", took)
			}
			s.Thaw()
			s.Stop()
			s.Restart()
			redistest.Eventually(t, 30*time.Second, "writing works again", func() bool {
				return r.Write(t.Context(), []journal.Entry{journaltest.Entry("a", 1, 5)}) == nil
			})
			journaltest.Expect(t, mustNew(t, "redis://"+s.Addr, "dray:"), journaltest.Entry("a", 1, 5))
		})
	}
}

func TestLogins(t *testing.T) {
	s := redistest.Start(t, "--requirepass", "right")
	s.Do("-a", "right", "ACL", "SETUSER", "tracker", "on", ">own", "~dray:*", "+@all", "-@dangerous", "+info")
	for login, ok := range map[string]bool{
		"": false, ":right@": true, ":wrong@": false, "default:right@": true,
		"tracker:own@": true, "tracker:right@": false, "nobody:right@": false,
	} {
		r := mustNew(t, "redis://"+login+s.Addr, "dray:")
		err := r.Open(t.Context())
		if err == nil {
			_, err = r.Claim(t.Context(), time.Second)
		}
		if (err == nil) != ok || (!ok && !errors.Is(err, journal.ErrRefused)) {
			t.Errorf("%q: %v", login, err)
		}
	}
	err := mustNew(t, "redis://tracker:own@"+s.Addr, "other:").Open(t.Context())
	if !errors.Is(err, journal.ErrRefused) || !strings.Contains(err.Error(), "NOPERM") {
		t.Errorf("a prefix that the user has no right to: %v", err)
	}
}

func TestForeignKeysAreUntouched(t *testing.T) {
	s := redistest.Start(t)
	foreign := map[string]string{"drayhorse": "1", "DRAY:version": "2", "x:dray:nodes:{00}": "3"}
	for key, value := range foreign {
		s.Do("SET", key, value)
	}
	r := mustOpen(t, mustNew(t, "redis://"+s.Addr, "dray:"))
	for method, err := range everything(t, r) {
		if err != nil {
			t.Errorf("%s: %v", method, err)
		}
	}
	write(t, r, journaltest.Entry("a", 1, 5))
	for key, value := range foreign {
		if got := s.Do("GET", key); got != value {
			t.Errorf("%s is %q", key, got)
		}
		s.Do("DEL", key)
	}
	for key := range strings.FieldsSeq(s.Do("KEYS", "*")) {
		if !strings.HasPrefix(key, "dray:") {
			t.Errorf("there is a key %s", key)
		}
	}
}

func TestStrangersKeysUnderThePrefixAreRefused(t *testing.T) {
	for name, command := range map[string][]string{
		"another key of ours":      {"HSET", "dray:nodes:{07}", "x", "y"},
		"another version":          {"SET", "dray:version", "dray-journal-99"},
		"another kind of version":  {"LPUSH", "dray:version", "1"},
		"another kind of trackers": {"SET", "dray:trackers", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			s := redistest.Start(t)
			s.Do(command...)
			err := mustNew(t, "redis://"+s.Addr, "dray:").Open(t.Context())
			if !errors.Is(err, journal.ErrRefused) {
				t.Fatalf("got %v", err)
			}
			t.Log(err)
			if keys := s.Do("KEYS", "*"); keys != command[1] {
				t.Errorf("there are %q", keys)
			}
			mustOpen(t, mustNew(t, "redis://"+s.Addr, "dray-2:"))
		})
	}
}

func TestTrackersThatBeginAtOnceDoNotTakeEachOtherForStrangers(t *testing.T) {
	s := redistest.Start(t)
	failed := make(chan error)
	for range 8 {
		r := mustNew(t, "redis://"+s.Addr, "dray:")
		go func() {
			err := r.Open(t.Context())
			if err == nil {
				err = r.Write(t.Context(), []journal.Entry{journaltest.Entry("a", 1, 5)})
			}
			failed <- err
		}()
	}
	for range 8 {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

// An old server is played by a listener that knows INFO only.
func TestOldServersAreRefused(t *testing.T) {
	for version, want := range map[string]string{"5.0.14": "HELLO", "6.0.20": "6.2 or later"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for c, err := l.Accept(); err == nil; c, err = l.Accept() {
				go old(c, version)
			}
		}()
		err = mustNew(t, "redis://"+l.Addr().String(), "dray:").Open(t.Context())
		if !errors.Is(err, journal.ErrRefused) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func old(c net.Conn, version string) {
	defer c.Close()
	for r := bufio.NewReader(c); ; {
		command, err := command(r)
		switch {
		case err != nil:
			return
		case command == "info":
			info := "# Server\r\nredis_version:" + version + "\r\nredis_mode:standalone\r\n"
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(info), info)
		case command == "client":
			io.WriteString(c, "+OK\r\n")
		default:
			io.WriteString(c, "-ERR unknown command\r\n")
		}
	}
}

// command reads one command and gives its name.
func command(r *bufio.Reader) (name string, err error) {
	var count, size int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &count); err != nil {
		return "", err
	}
	for i := range count {
		var word string
		if _, err := fmt.Fscanf(r, "$%d\r\n%s\r\n", &size, &word); err != nil {
			return "", err
		}
		if i == 0 {
			name = strings.ToLower(word)
		}
	}
	return name, nil
}

func TestWhateverIsLostComesBack(t *testing.T) {
	s := redistest.Start(t)
	url := "redis://" + s.Addr
	r := mustOpen(t, mustNew(t, url, "dray:"))
	want := journaltest.Entry("a", 1, 50)
	unknown := want
	unknown.Set = nil
	digests, words := "dray:digests:{"+r.ID()+"}", "dray:words:{"+r.ID()+"}"
	for name, lose := range map[string]func(){
		"the digests": func() { s.Do("DEL", digests) },
		"some of the digests": func() {
			s.Do("EVAL", "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, 64))", "1", digests)
		},
		"the words": func() { s.Do("DEL", words) },
		"a word":    func() { s.Do("HDEL", words, "0") },
	} {
		write(t, r, want)
		lose()
		journaltest.Expect(t, mustNew(t, url, "dray:"), unknown)
		if _, err := r.Attend(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		journaltest.Expect(t, mustNew(t, url, "dray:"), want)
		t.Log(name, "came back")
	}
	s.Do("FLUSHALL")
	write(t, r, want)
	if _, err := r.Attend(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
	journaltest.Expect(t, mustOpen(t, mustNew(t, url, "dray:")), want)
}

func TestStampsTellWhatIsMissing(t *testing.T) {
	for _, kind := range []string{"nodes", "sets", "stamps"} {
		s := redistest.Start(t)
		r := mustOpen(t, mustNew(t, "redis://"+s.Addr, "dray:"))
		write(t, r, journaltest.Entry("a", 1, 5), journaltest.Entry("b", 1, 5))
		s.Do("HDEL", fmt.Sprintf("dray:%s:{%02x}", kind, journal.Shelf("b")), "b")
		got := journaltest.Stamps(t, r)
		if b, there := got["b"]; !there || b != (journal.Stamp{Node: "b"}) || got["a"].Writer != r.ID() {
			t.Errorf("without %s: %+v", kind, got)
		}
	}
}

func TestRubbishIsSkipped(t *testing.T) {
	s := redistest.Start(t)
	r := mustOpen(t, mustNew(t, "redis://"+s.Addr, "dray:"))
	write(t, r, journaltest.Entry("a", 1, 5))
	for _, kind := range []string{"nodes", "sets", "stamps"} {
		s.Do("HSET", fmt.Sprintf("dray:%s:{%02x}", kind, journal.Shelf("b")), "b", "rubbish")
	}
	journaltest.Expect(t, r, journaltest.Entry("a", 1, 5))
	if got := journaltest.Stamps(t, r)["b"]; got.Writer != "" {
		t.Errorf("got %+v", got)
	}
}

func TestFailoverOfPrimary(t *testing.T) {
	g := redistest.StartSentinels(t)
	survives(t, "redis+sentinel://"+g.Addrs()+"/"+redistest.Master, g.Primary.Stop)
}

func TestFrozenPrimaryIsReplaced(t *testing.T) {
	g := redistest.StartSentinels(t)
	survives(t, "redis+sentinel://"+g.Addrs()+"/"+redistest.Master, g.Primary.Freeze)
	g.Primary.Thaw()
}

func TestLossOfAClusterPrimary(t *testing.T) {
	c := redistest.StartCluster(t)
	survives(t, "redis+cluster://"+c.Addrs(), func() { c.PrimaryOf("dray:version").Stop() })
}

// survives writes before and after something is lost.
func survives(t *testing.T, url string, lose func()) {
	t.Helper()
	r := mustOpen(t, mustNew(t, url, "dray:"))
	write(t, r, journaltest.Entry("before", 1, 50), journaltest.Entry("changed", 1, 50))
	lose()
	last := ""
	redistest.Eventually(t, time.Minute, "writing works again", func() bool {
		err := r.Write(t.Context(), []journal.Entry{
			journaltest.Entry("after", 20, 50), journaltest.Entry("changed", 2, 50), journaltest.Entry("before", 1, 50)})
		if errors.Is(err, journal.ErrRefused) {
			t.Fatal(err)
		}
		if now := fmt.Sprint(err); now != last {
			t.Log(now)
			last = now
		}
		return err == nil
	})
	journaltest.Expect(t, mustNew(t, url, "dray:"),
		journaltest.Entry("before", 1, 50), journaltest.Entry("changed", 2, 50), journaltest.Entry("after", 20, 50))
}
