package yield

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

const someDigest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

// What nobody waits for is marked on the way to neighbours, until a neighbour, or
// this node's containerd, asks for the same.
func TestWhatSomebodyWaitsForIsNoBackgroundWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := New()
		out := in.Beside()
		blob := "/v2/lib/app/blobs/" + someDigest
		serve := func(r *Road, marked bool, f func(*http.Request)) {
			req := httptest.NewRequest(http.MethodGet, blob, nil)
			if marked {
				req.Header = Mark()
			}
			r.Before(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r) })).ServeHTTP(httptest.NewRecorder(), req)
		}
		serve(in, true, func(under *http.Request) {
			if !Unhurried(under.Context()) {
				t.Error("it is not background work to begin with")
			}
			serve(out, true, func(*http.Request) {})
			if !Unhurried(under.Context()) {
				t.Error("another one that nobody waits for makes it urgent")
			}
			serve(out, false, func(*http.Request) {})
			if Unhurried(under.Context()) {
				t.Error("a neighbour waits for it, and it is background work")
			}
			<-time.After(time.Minute)
			if Unhurried(under.Context()) {
				t.Error("it is background work again")
			}
		})
		in.Want(someDigest)
		serve(in, true, func(r *http.Request) {
			if Unhurried(r.Context()) || !in.InUse() {
				t.Error("what is waited for begins as background work")
			}
		})
		<-time.After(wantMemory)
		if in.Wanted(someDigest) {
			t.Error("it is never forgotten")
		}
	})
}

func TestWhatARequestIsFor(t *testing.T) {
	for target, want := range map[string]string{
		"/v2/lib/app/blobs/" + someDigest + "?ns=example.test": someDigest,
		"/v2/lib/app/manifests/" + someDigest:                  someDigest,
		"/v2/lib/app/manifests/1.0?ns=example.test":            "example.test/lib/app:1.0",
		"/v2/blobs/app/manifests/1.0?ns=example.test:5000":     "example.test:5000/blobs/app:1.0",
		"/v2/lib/app/manifests/1.0":                            "",
		"/v2/":                                                 "",
		"/metrics":                                             "",
	} {
		if got := keyOf(httptest.NewRequest(http.MethodGet, target, nil)); got != want {
			t.Errorf("%s is for %q; want %q", target, got, want)
		}
	}
}

func TestWantsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New()
		for i := range maxWants + 10 {
			r.Want(time.Duration(i).String())
		}
		if n := len(r.wants.at); n > maxWants {
			t.Errorf("%d are remembered", n)
		}
		<-time.After(wantMemory)
		if r.Want("new"); !r.Wanted("new") || len(r.wants.at) != 1 {
			t.Errorf("after a while %d are remembered", len(r.wants.at))
		}
	})
}
