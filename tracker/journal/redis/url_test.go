package redis

import (
	"slices"
	"strings"
	"testing"
)

func TestURLForms(t *testing.T) {
	for url, want := range map[string]struct {
		addrs             []string
		user, pass        string
		master            string
		db                int
		cluster, overTLS  bool
		sentinelUser, spw string
	}{
		"redis://h":                {addrs: []string{"h:6379"}},
		"redis://u:p%40ss@h:1/3":   {addrs: []string{"h:1"}, user: "u", pass: "p@ss", db: 3},
		"redis://:p@[fd00::1]:1":   {addrs: []string{"[fd00::1]:1"}, pass: "p"},
		"redis://[fd00::1]/":       {addrs: []string{"[fd00::1]:6379"}},
		"rediss://h?server-name=x": {addrs: []string{"h:6379"}, overTLS: true},
		"redis+cluster://a,b:7":    {addrs: []string{"a:6379", "b:7"}, cluster: true},
		"rediss+cluster://u:p@a:1": {addrs: []string{"a:1"}, user: "u", pass: "p", cluster: true, overTLS: true},
		"redis+sentinel://a,b:7/m": {addrs: []string{"a:26379", "b:7"}, master: "m"},
		"redis+sentinel://a/m/2":   {addrs: []string{"a:26379"}, master: "m", db: 2},
		"redis+sentinel://a,b/m?sentinel-user=su&sentinel-password=sp": {addrs: []string{"a:26379", "b:26379"}, master: "m", sentinelUser: "su", spw: "sp"},
	} {
		o, err := parse(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if !slices.Equal(o.Addrs, want.addrs) || o.Username != want.user || o.Password != want.pass || o.DB != want.db ||
			o.MasterName != want.master || o.IsClusterMode != want.cluster || (o.TLSConfig != nil) != want.overTLS ||
			o.SentinelUsername != want.sentinelUser || o.SentinelPassword != want.spw {
			t.Errorf("%s: got %+v", url, o)
		}
	}
}

func TestWrongURLs(t *testing.T) {
	for url, want := range map[string]string{
		"":                                "scheme",
		"localhost:6379":                  "",
		"http://u:secret@h":               "scheme",
		"redis://u:secret@h:x":            "port",
		"redis://u:secret@":               "host",
		"redis://u:secret@a,b":            "several hosts",
		"redis://u:secret@h/zero":         "database",
		"redis://u:secret@h?ca=x":         "rediss",
		"redis://u:secret@h?dial=1":       "unknown",
		"redis+mirror://u:secret@h":       "topology",
		"redis+sentinel://u:secret@h":     "master",
		"redis+cluster://u:secret@h/1":    "numbered",
		"rediss://u:secret@h?ca=/nowhere": "/nowhere",
		"redis://u:secret@h%zz":           "malformed",
	} {
		_, err := parse(url)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := New("redis://h", "{x}"); err == nil {
		t.Error("a prefix with braces was taken")
	}
}
