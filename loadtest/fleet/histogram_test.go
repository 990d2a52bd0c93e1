package fleet

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBucketsFollowEachOther(t *testing.T) {
	last := -1
	for bucket := range (octaves + 1) * steps {
		upper := upperOf(bucket)
		if got := bucketOf(upper); got != bucket {
			t.Fatalf("the largest value of bucket %d, %d, is in bucket %d", bucket, upper, got)
		}
		if got := bucketOf(int64(last) + 1); got != bucket {
			t.Fatalf("%d is in bucket %d; want %d", last+1, got, bucket)
		}
		last = int(upper)
	}
	if got := bucketOf(1 << 62); got != (octaves+1)*steps-1 {
		t.Fatalf("a very long time is in bucket %d", got)
	}
}

func TestQuantilesAreNearTheTrueOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	h := new(histogram)
	var all []time.Duration
	for range 10_000 {
		d := time.Duration(r.ExpFloat64() * float64(time.Millisecond))
		h.add(d)
		all = append(all, d)
	}
	slices.Sort(all)
	for _, c := range []struct {
		q    float64
		rank int
	}{{.5, 5000}, {.9, 9000}, {.99, 9900}, {.999, 9990}, {1, 10_000}} {
		got, want := h.quantile(c.q), all[c.rank-1]
		if got < want || float64(got) > 1.016*float64(want)+1 {
			t.Errorf("quantile %v is %v; want %v", c.q, got, want)
		}
	}
	if got := new(histogram).quantile(.5); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}
