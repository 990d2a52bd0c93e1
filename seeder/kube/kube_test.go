package kube

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/drayproject/dray/shared/process"
)

// server is an API server as far as this package knows one. It takes the token
// "secret".
func server(t *testing.T, h http.HandlerFunc) *API {
	t.Helper()
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		h(w, r)
	}))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	write(t, filepath.Join(dir, "ca.crt"), string(ca))
	write(t, filepath.Join(dir, "token"), "secret\n")
	api, err := open(s.URL, dir)
	if err != nil {
		t.Fatal(err)
	}
	return api
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestANodesPlaceIsItsZoneAndTheLabelsThatWereAskedFor(t *testing.T) {
	api := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/nodes/n1" {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"kind":"Status","message":"nodes \"x\" not found"}`)
			return
		}
		fmt.Fprint(w, `{"metadata":{"labels":{"topology.kubernetes.io/zone":"a","pool":"gpu","kubernetes.io/os":"linux"}}}`)
	})
	place, err := api.Place(t.Context(), "n1", []string{"pool", "topology.kubernetes.io/*"})
	if err != nil || place.Zone != "a" {
		t.Errorf("zone %q, error %v", place.Zone, err)
	}
	if want := map[string]string{"pool": "gpu", "topology.kubernetes.io/zone": "a"}; !maps.Equal(place.Labels, want) {
		t.Errorf("labels %v, want %v", place.Labels, want)
	}
	if _, err := api.Place(t.Context(), "x", nil); err == nil || !strings.Contains(err.Error(), `nodes "x" not found`) {
		t.Errorf("the API server's words are lost: %v", err)
	}
}

func TestLabelsThatATrackerWouldRefuseAreLeftOut(t *testing.T) {
	labels := map[string]string{strings.Repeat("k", 256): "v"}
	for i := range 200 {
		labels[fmt.Sprintf("example.com/%03d", i)] = "v"
	}
	got := choose(labels, []string{"*", "*/*"})
	if _, first := got["example.com/000"]; !first || len(got) != 64 {
		t.Errorf("%d labels are left, with the first: %v", len(got), first)
	}
	if got := choose(labels, []string{"*"}); len(got) != 0 {
		t.Errorf("* went across a slash: %v", got)
	}
}

func TestASeederReadsThePlaceThatWasWritten(t *testing.T) {
	want := Place{Zone: "a", Labels: map[string]string{"topology.kubernetes.io/zone": "a", "example.com/Pool": "", "b": "c"}}
	text, err := want.settings()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "node.json")
	write(t, file, string(text))
	var got struct {
		Zone   string            `mapstructure:"zone" usage:"-"`
		Labels map[string]string `mapstructure:"labels" usage:"-"`
	}
	cmd := &cobra.Command{}
	settings := process.Bind(cmd, &got)
	if err := errors.Join(cmd.ParseFlags([]string{"--config", file}), settings.Read()); err != nil {
		t.Fatal(err)
	}
	if got.Zone != want.Zone || !maps.Equal(got.Labels, want.Labels) {
		t.Errorf("read %v from %s", got, text)
	}
}

func TestAwaitEndsWhenEveryNodeIsReady(t *testing.T) {
	answers := []string{
		`{"metadata":{"generation":1},"status":{}}`,
		`{"metadata":{"generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":3,"numberReady":1}}`,
		`{"metadata":{"generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":3,"numberReady":3}}`,
	}
	asked := 0
	api := server(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, answers[min(asked, 2)])
		asked++
	})
	var seen []string
	err := api.Await(t.Context(), "dray", "restore", func(ready, nodes int) {
		seen = append(seen, fmt.Sprintf("%d/%d", ready, nodes))
	})
	if got := strings.Join(seen, " "); err != nil || got != "1/3 3/3" {
		t.Errorf("progress %q, error %v", got, err)
	}
}

func TestADaemonSetIsDeletedWithItsPods(t *testing.T) {
	api := server(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Method + " " + r.URL.String(); got != "DELETE /apis/apps/v1/namespaces/dray/daemonsets/restore?propagationPolicy=Background" {
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprintf(w, `{"message":%q}`, got)
			return
		}
		fmt.Fprint(w, `{"kind":"Status","status":"Success"}`)
	})
	if err := api.Delete(t.Context(), "dray", "restore"); err != nil {
		t.Error(err)
	}
	if err := api.Delete(t.Context(), "dray", "other"); err == nil {
		t.Error("a refusal is no error")
	}
}

func TestAwaitThatGivesUpSaysHowManyAreMissing(t *testing.T) {
	for answer, want := range map[string]string{
		`{"metadata":{"generation":1},"status":{"observedGeneration":1,"desiredNumberScheduled":3,"numberReady":2}}`: "1 of 3 nodes are missing",
		`{"metadata":{"generation":1},"status":{}}`: "no controller",
		`not JSON`: "could not be asked",
	} {
		api := server(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := api.Await(ctx, "dray", "restore", func(int, int) {})
		cancel()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", answer, err, want)
		}
	}
}

func TestWithoutKubernetesTheSettingsAreEmptyAndNothingFails(t *testing.T) {
	t.Setenv("KUBERNETES_SERVICE_HOST", "")
	out := filepath.Join(t.TempDir(), "node.json")
	cmd := Command()
	cmd.SetArgs([]string{"node", "--name", "n1", "--out", out})
	cmd.SetErr(new(strings.Builder))
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(out); string(text) != "{}" || err != nil {
		t.Errorf("settings %q, error %v", text, err)
	}
}

func TestTheFleetIsThereOnceATrackerKnowsANode(t *testing.T) {
	for answer, want := range map[string]string{
		`{"status":"ready","nodes":{"ready":3,"dead":1}}`: "",
		`{"status":"ready","nodes":{"ready":0}}`:          "knows of no node",
		`{"status":"loading","nodes":{}}`:                 "the tracker is loading",
		`<html>`:                                          "the tracker's answer",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if strings.Contains(answer, "loading") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			fmt.Fprint(w, answer)
		}))
		n, err := fleet(t.Context(), s.URL, "")
		s.Close()
		if want == "" {
			if n != 3 || err != nil {
				t.Errorf("%d nodes, error %v", n, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", answer, err, want)
		}
	}
}
