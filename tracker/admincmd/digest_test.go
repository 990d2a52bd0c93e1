package admincmd

import (
	"strings"
	"testing"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/admin"
)

func TestTheBeginningOfADigestIsEnough(t *testing.T) {
	newBed(t)
	begin := string(one)[:19] // what tables show
	for _, command := range []string{"digest ", "holders ", "swarm ", "explain n2 "} {
		does(t, command+begin, "")
		does(t, command+strings.TrimPrefix(begin, "sha256:"), "")
		exits(t, command+"sha256:00000000", Unknown)
		exits(t, command+"sha256:", Usage)
	}
	does(t, "digest "+begin, string(one))
	exits(t, "digest "+string(one)[:len("sha256:")+1]+"*", Usage)
}

func TestWhatSeveralDigestsBeginWithIsRefused(t *testing.T) {
	b := newBed(t)
	alike := digest.Digest(string(one)[:30] + strings.Repeat("0", 41))
	b.Index.Apply(b.roster.ByName("n1").Ordinal(), &trackerapi.AnnounceRequest{Whole: true, Seq: 2, Add: []digest.Digest{one, alike}})
	_, err := run(t, "digest", string(one)[:30])
	if err == nil || !strings.Contains(err.Error(), "2 digests begin with") {
		t.Errorf("%v", err)
	}
	exits(t, "digest "+string(one)[:30], Usage)
	does(t, "digest "+string(one)[:31], string(one))
}

func TestARefusalNamesWhatWasTyped(t *testing.T) {
	newBed(t)
	for command, words := range map[string]string{
		"at-risk --copies 0":                "--copies: expected number >= 1",
		"node nobody":                       "<name>: not known",
		"nodes --state happy":               `--state: expected value to be one of`,
		"node":                              "usage: tracker admin node <name>",
		"nodez":                             `there is no command "nodez": did you mean node`,
		"policy shwo":                       `there is no command "shwo": did you mean show?`,
		"policy xyzzy":                      "see tracker admin policy --help",
		"what-if":                           "--node: which nodes, or which zones?",
		"zones --admin-address 127.0.0.1:1": "no tracker answers at http://127.0.0.1:1 (--admin-address): dial tcp",
	} {
		if _, err := run(t, strings.Fields(command)...); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v; want %q", command, err, words)
		}
	}
}

func TestNewsOfPlacementIsALine(t *testing.T) {
	s := &screen{}
	for want, w := range map[string]admin.WorkItem{
		"job first is over: 3 done, 1 failed, 0 running, 0 waiting": {Kind: "job", Name: "first", State: "over", Done: 3, Failed: 1},
		"n1: app:1 is failed, 50% (no room)":                        {Kind: "task", Name: "x", Node: "n1", Image: "app:1", State: "failed", Offset: 1, Size: 2, Reason: "no room"},
		"policy base: app:1 is short (too few nodes)":               {Kind: "policy", Name: "base", Image: "app:1", State: "short", Reason: "too few nodes"},
		"drain n1 is left": {Kind: "drain", Name: "n1", Node: "n1", State: "left"},
	} {
		if got := s.work(&w); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
}
