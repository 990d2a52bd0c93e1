package app

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestADiskIsUnderPressureWhileLittleOfItIsFree(t *testing.T) {
	var share float64
	var fault error
	d := newDisk("/content", 10, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	d.free = func(string) (float64, error) { return share, fault }
	for _, step := range []struct {
		share float64
		fault error
		want  bool
	}{
		{share: 0.5},
		{share: 0.09, want: true},
		{share: 0.1},
		{share: 0, want: true},
		{fault: errors.New("no such file system")},
	} {
		share, fault = step.share, step.fault
		if d.look(); d.pressed.Load() != step.want {
			t.Errorf("%.2f free, %v: pressed is %v", step.share, step.fault, d.pressed.Load())
		}
	}
}

func TestWithoutAThresholdADiskIsNeverUnderPressure(t *testing.T) {
	d := newDisk("/content", 0, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	d.free = func(string) (float64, error) { return 0, nil }
	if d.look(); d.pressed.Load() {
		t.Error("it is")
	}
}

func TestFreeShareOfAFolder(t *testing.T) {
	if share, err := freeShare(t.TempDir()); err != nil || share < 0 || share > 1 {
		t.Errorf("%g, %v", share, err)
	}
	if _, err := freeShare(t.TempDir() + "/none"); err == nil {
		t.Error("a folder that is not there has room")
	}
}
