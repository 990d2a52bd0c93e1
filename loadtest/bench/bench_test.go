package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/drayproject/dray/loadtest/figures"
)

func TestSteadyIgnoresWhatComesBeforeAndAfter(t *testing.T) {
	begin := time.Now()
	at := func(ms int, received int64) sample {
		return sample{begin.Add(time.Duration(ms) * time.Millisecond), received + 77}
	}
	samples := []sample{at(0, 0), at(900, 500), at(1000, 10_000)}
	for ms := range 1000 {
		samples = append(samples, at(1000+ms, 10_000+int64(ms)*1000))
	}
	samples = append(samples, at(2000, 1_010_000), at(9000, 1_010_000))
	rate, all := steady(samples)
	if all != 1_010_000 || rate < 990_000 || rate > 1_010_000 {
		t.Errorf("got %.0f bytes/s of %d; want about 1000000 of 1010000", rate, all)
	}
}

func TestSteadyOfNothingIsNothing(t *testing.T) {
	now := time.Now()
	if rate, all := steady([]sample{{now, 5}, {now.Add(time.Second), 5}}); rate != 0 || all != 0 {
		t.Errorf("got %v, %v", rate, all)
	}
}

func TestStatusIsReadInBytes(t *testing.T) {
	got := parseStatus("Name:\tVmRSS: 1 kB\nVmHWM:\t   30712 kB\nVmRSS:\t   27492 kB\nRssAnon:\t    8248 kB\nRssFile:\t   19244 kB\n")
	want := memory{Resident: 27492 << 10, Anonymous: 8248 << 10, File: 19244 << 10, Peak: 30712 << 10}
	if got != want {
		t.Errorf("got %+v; want %+v", got, want)
	}
}

func TestOwnCPUTimeGrows(t *testing.T) {
	before, err := cpuOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); {
		if now, err := cpuOf(os.Getpid()); err != nil || now > before {
			return
		}
	}
	t.Error("it does not")
}

func report() *Report {
	r := &Report{Rounds: 2, part: "link"}
	r.note("slow", "s", atMost(1), 2)
	r.note("fast", "%", atLeast(95), 96)
	r.note("slow", "s", atMost(1), 0.5)
	r.note("slow", "s", atMost(1), 3)
	r.note("beside", "s", nil, 0)
	return r
}

func TestTableSaysWhatIsMet(t *testing.T) {
	var out bytes.Buffer
	if err := writeTable(&out, report()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(out.String(), "\n")
	for i, want := range []string{
		"link slow 2.00 0.500 – 3.00 s ≤ 1.00 MISSED",
		"link fast 96.0 96.0 – 96.0 % ≥ 95.0 met",
		"link beside 0 0 – 0 s",
	} {
		if got := strings.Join(strings.Fields(lines[4+i]), " "); got != want {
			t.Errorf("got %q; want %q", got, want)
		}
	}
}

func TestJSONHasEveryValue(t *testing.T) {
	var out bytes.Buffer
	if err := figures.JSON(&out, report()); err != nil {
		t.Fatal(err)
	}
	var got Report
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if f := got.Figures[0]; f.Name != "slow" || len(f.Values) != 3 || f.Median != 2 || f.Target.Bound != 1 {
		t.Errorf("got %+v", f)
	}
}

func TestRunRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, o := range []Options{
		{Rounds: 0, CrowdRate: 200}, {Rounds: 1, CrowdRate: 200, Only: []string{"speed"}}, {Rounds: 1},
		{Rounds: 1, CrowdRate: 100, Cases: []string{"huge"}},
	} {
		if _, err := Run(context.Background(), o, t.Output()); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestFetchAllAsksAgainAfterA404(t *testing.T) {
	answers := []string{"", "", "abc"}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		body := answers[0]
		if answers = answers[1:]; body == "" {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, body)
	}))
	defer s.Close()
	if err := fetchAll(t.Context(), s.Client(), s.URL, make([]byte, 10), 3); err != nil || len(answers) != 0 {
		t.Errorf("got %v with %d answers left", err, len(answers))
	}
}

func TestFetchAllRefusesAnotherSize(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "abc")
	}))
	defer s.Close()
	if err := fetchAll(t.Context(), s.Client(), s.URL, make([]byte, 10), 4); err == nil {
		t.Error("three bytes passed for four")
	}
}
