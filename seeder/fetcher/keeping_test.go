package fetcher

import (
	"testing"
	"time"
)

func TestWhenBytesAreKeptBack(t *testing.T) {
	const ms = time.Millisecond
	good := keeping{room: true, sure: true, linked: true, left: 30 * ms, kept: 20 * ms, usual: 50 * ms, slow: 100 * ms}
	for name, c := range map[string]struct {
		change func(*keeping)
		want   bool
	}{
		"it can be proved soon":          {func(*keeping) {}, true},
		"there is no room":               {func(k *keeping) { k.room = false }, false},
		"what came before is not proved": {func(k *keeping) { k.sure = false }, false},
		"others wait behind us":          {func(k *keeping) { k.grows = true }, false},
		"pieces take long":               {func(k *keeping) { k.usual = 101 * ms }, false},
		"this one takes long":            {func(k *keeping) { k.kept = 499 * ms }, true},
		"this one takes too long":        {func(k *keeping) { k.kept = 500 * ms }, false},
		"the first one":                  {func(k *keeping) { k.usual = 0; k.kept = 99 * ms }, true},
		"the first one takes long":       {func(k *keeping) { k.usual = 0; k.kept = 100 * ms }, false},
		"nothing proves it":              {func(k *keeping) { k.linked = false }, false},
		"what proves it may come":        {func(k *keeping) { k.linked, k.due = false, true }, true},
		"it has been waited for":         {func(k *keeping) { k.linked, k.due, k.kept = false, true, 30*ms }, false},
		"no time is left to wait":        {func(k *keeping) { k.linked, k.due, k.left = false, true, 0 }, false},
	} {
		k := good
		c.change(&k)
		if k.worth() != c.want {
			t.Errorf("%s: kept back is %v", name, !c.want)
		}
	}
}
