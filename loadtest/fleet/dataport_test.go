package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"testing"
	"time"
)

func TestHostsAreNumberedOnLoopback(t *testing.T) {
	for _, i := range []int{0, 1, 254, 255, 70_000, maxNodes - 1} {
		host := hostOf(i)
		if !host.IsLoopback() || numberOf(host) != i {
			t.Errorf("%d is %v, which is %d", i, host, numberOf(host))
		}
	}
}

func TestDataPortAnswersForTheLiving(t *testing.T) {
	fates := []fate{alive, killed, unplugged}
	p, err := openDataPort(t.Context(), func(i int) fate { return fates[i] })
	if errors.Is(err, os.ErrPermission) {
		t.Skip("SKIPPED: this kernel lets only root choose the device")
	}
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- p.run(ctx) }()
	look := func(i int, patience time.Duration) error {
		c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
		res, err := c.Get(fmt.Sprintf("http://%s:%d/v2/", hostOf(i), p.port()))
		if err == nil {
			res.Body.Close()
		}
		return err
	}
	var timeout net.Error
	if err := look(0, 10*time.Second); err != nil {
		t.Errorf("a live node: %v", err)
	}
	if err := look(1, 10*time.Second); !hungUp(err) {
		t.Errorf("a killed node: %v", err)
	}
	if err := look(2, 50*time.Millisecond); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("an unplugged node: %v", err)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
