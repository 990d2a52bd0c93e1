package inventory

import (
	"strings"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/seeder/store"
)

// announced leaves out the names that Kubernetes' CRI adds for its own use, the
// image's ID ("sha256:…") and its reference by digest ("…@sha256:…"): they say
// nothing that the digest does not.
func announced(i store.Image) bool {
	if i.Digest.Validate() != nil || strings.Contains(i.Name, "@") {
		return false
	}
	_, err := digest.Parse(i.Name)
	return err != nil
}
