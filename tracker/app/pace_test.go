package app

import (
	"fmt"
	"testing"
	"time"
)

func TestLargeFleetIsToldToBeatLessOften(t *testing.T) {
	tracker := start(t, func(c *Config) { c.HeartbeatRate = 4 })
	var n *node
	for i := range 10 {
		n = join(t, tracker, fmt.Sprint(i), "")
	}
	eventually(t, func() bool { return n.beat().IntervalMS == 2500 })
	if n := join(t, tracker, "new", ""); n.interval < 2500*time.Millisecond {
		t.Errorf("a new node is told %v", n.interval)
	}
}

func TestNegativeHeartbeatRateIsRefused(t *testing.T) {
	c := Default()
	c.HeartbeatRate = -1
	if c.check() == nil {
		t.Error("it is accepted")
	}
}
