package kube

import (
	"slices"
	"strings"
)

const (
	certs        = "/etc/containerd/certs.d"
	plantedNames = ".dray.test"       // end the names of what is planted there
	broken       = "broken.dray.test" // whose hosts.toml can't be read
)

// planted is what some administrator has written, in his own way.
const planted = `mkdir -p one.dray.test two.dray.test broken.dray.test
cat >one.dray.test/hosts.toml <<'END'
# ask the mirror in the basement first
server   =   "https://one.dray.test"

[ host . "https://basement.dray.test" ]
  capabilities = [ "pull" ] # not for tags
  ca = "basement.pem"
END
chmod 640 one.dray.test/hosts.toml
echo "not a certificate" >two.dray.test/ca.crt
echo "[host" >broken.dray.test/hosts.toml`

// snapshot plants some files on the first node, and returns what every node
// has.
func (s *stage) snapshot() map[string]string {
	s.Helper()
	_, err := s.on(s.nodes[0], "sh", "-ec", "mkdir -p "+certs+"; cd "+certs+"\n"+planted)
	s.must(err)
	return s.certs()
}

// certs lists each node's certs.d: kinds, permissions, owners, sizes and names,
// and the digests of all files.
func (s *stage) certs() map[string]string {
	s.Helper()
	all := map[string]string{}
	for _, n := range s.nodes {
		out, err := s.on(n, "sh", "-ec", "cd "+certs+`; find . -printf '%M %U:%G %p\n'; find . -type f -exec sha256sum {} +`)
		s.must(err)
		lines := strings.Split(strings.TrimSpace(out), "\n")
		slices.Sort(lines)
		all[n] = strings.Join(lines, "\n")
	}
	return all
}
