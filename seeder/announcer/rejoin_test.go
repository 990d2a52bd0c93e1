package announcer

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// A heartbeat's answer names what may have a better parent. More than there can
// be is taken for nothing.
func TestATrackerSaysWhatToJoinAgain(t *testing.T) {
	for _, told := range [][]digest.Digest{digests(0, 2), digests(0, trackerapi.MaxIngests+1)} {
		synctest.Test(t, func(t *testing.T) {
			r := newReference()
			r.rejoin = told
			var heard [][]digest.Digest
			_, stop := start(t, Config{
				Trackers:     []string{"t0:7070"},
				Rejoin:       func(ds []digest.Digest) { heard = append(heard, ds) },
				roundTripper: &network{hosts: map[string]http.Handler{"t0:7070": r}},
			}, newStock())
			pass(3500 * time.Millisecond)
			stop()
			switch {
			case len(told) > trackerapi.MaxIngests && len(heard) > 0:
				t.Errorf("%d digests were taken", len(heard[0]))
			case len(told) <= trackerapi.MaxIngests && (len(heard) < 2 || !slices.Equal(heard[0], told)):
				t.Errorf("heard %v", heard)
			}
		})
	}
}
