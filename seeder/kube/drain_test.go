package kube

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestOnlyANodeThatIsToBeTakenAwayIsLeaving(t *testing.T) {
	for spec, want := range map[string]bool{
		`{}`:                     false,
		`{"unschedulable":true}`: true,
		`{"taints":[{"key":"example.com/gpu","effect":"NoSchedule"}]}`:                    false,
		`{"taints":[{"key":"example.com/gpu"},{"key":"ToBeDeletedByClusterAutoscaler"}]}`: true,
	} {
		api := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"spec":%s}`, spec) })
		if got, err := api.leaving(t.Context(), "n1", []string{"ToBeDeletedByClusterAutoscaler"}); got != want || err != nil {
			t.Errorf("%s: %v, %v; want %v", spec, got, err, want)
		}
	}
}

// drained is what a tracker was asked for when it answers so about the drain.
func drained(ctx context.Context, t *testing.T, answers ...string) (asked []string, err error) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		asked = append(asked, r.Method+" "+r.URL.String())
		if r.Method == http.MethodPost {
			fmt.Fprint(w, `{}`)
			return
		}
		now := answers[0]
		answers = answers[min(1, len(answers)-1):]
		switch now {
		case "404":
			w.WriteHeader(http.StatusNotFound)
			now = `{"detail":"not yet known"}`
		case "405":
			w.WriteHeader(http.StatusMethodNotAllowed)
			now = `{"detail":"no such thing"}`
		}
		fmt.Fprint(w, now)
	}))
	defer s.Close()
	err = newAdmin(s.URL, "secret").drain(ctx, "n1", time.Minute)
	return asked, err
}

func TestADrainIsWaitedForAndTakenBack(t *testing.T) {
	t.Parallel()
	asked, err := drained(t.Context(), t, "404", `{"state":"left","left":[]}`)
	if err != nil {
		t.Error(err)
	}
	const node, drain = "/admin/v1/nodes/n1/", "/admin/v1/drains/n1"
	want := []string{"POST " + node + "drain?save=true&deadline=1m0s", "GET " + drain, "GET " + drain, "POST " + node + "undrain"}
	if !slices.Equal(asked, want) {
		t.Errorf("asked %q", asked)
	}
}

func TestADrainThatLeavesSomethingSaysSoAndIsTakenBack(t *testing.T) {
	for answer, want := range map[string]string{
		`{"state":"blocked","left":[{},{}],"reason":"no node has room"}`: "blocked with 2 images left: no node has room",
		`{"state":"saving","left":[{}]}`:                                 "time is up with 1 images left",
		`404`:                                                            "404 not yet known",
		`405`:                                                            "405 no such thing",
	} {
		t.Run(answer, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			asked, err := drained(ctx, t, answer)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v", err)
			}
			if len(asked) != 3 || asked[2] != "POST /admin/v1/nodes/n1/undrain" {
				t.Errorf("asked %q", asked)
			}
		})
	}
}

func TestATrackerThatRefusesEndsTheDrain(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, `{"detail":"no such node"}`)
	}))
	defer s.Close()
	if err := newAdmin(s.URL, "").drain(t.Context(), "n1", time.Minute); err == nil || !strings.Contains(err.Error(), "no such node") {
		t.Errorf("error %v", err)
	}
}
