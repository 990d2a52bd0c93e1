package api

import (
	"testing"

	"github.com/opencontainers/go-digest"
)

func TestPeerAddr(t *testing.T) {
	const v4, v6 = "192.0.2.7:40000", "[2001:db8::7]:40000"
	for _, c := range []struct{ addr, remote, want string }{
		{"10.0.0.1:5002", v4, "10.0.0.1:5002"},
		{"[fd00::1]:5002", v4, "[fd00::1]:5002"},
		{"node-1.cluster.local:5002", v4, "node-1.cluster.local:5002"},
		{":5002", v4, "192.0.2.7:5002"},
		{"0.0.0.0:5002", v4, "192.0.2.7:5002"},
		{"[::]:5002", v4, "192.0.2.7:5002"},
		{"[::]:5002", v6, "[2001:db8::7]:5002"},
		{":5002", "[::ffff:192.0.2.7]:40000", "192.0.2.7:5002"},
		{":5002", "@", ""},
		{"", v4, ""},
		{"10.0.0.1", v4, ""},
		{"10.0.0.1:0", v4, ""},
		{"10.0.0.1:65536", v4, ""},
		{"10.0.0.1:http", v4, ""},
		{"fd00::1:5002", v4, ""},
		{"[fe80::1%eth0]:5002", v4, ""},
		{"a b:5002", v4, ""},
		{"a/b:5002", v4, ""},
		{"http://a:5002", v4, ""},
	} {
		if got, err := peerAddr(c.addr, c.remote); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%q from %s is %q, %v; want %q", c.addr, c.remote, got, err, c.want)
		}
	}
}

// FuzzDigest: the fast path must never let pass what Validate does not.
func FuzzDigest(f *testing.F) {
	f.Add(string(digest.FromString("")))
	f.Add(string(digest.SHA512.FromString("")))
	f.Add("sha256:")
	f.Fuzz(func(t *testing.T, s string) {
		d := digest.Digest(s)
		if got, want := checkDigest(d), d.Validate(); (got == nil) != (want == nil) {
			t.Fatalf("%q: %v; Validate says %v", s, got, want)
		}
	})
}
