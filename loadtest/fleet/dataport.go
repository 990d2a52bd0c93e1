package fleet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// maxNodes have addresses of their own.
const maxNodes = 200_000

var firstHost = netip.MustParseAddr("127.1.0.1").As4()

// hostOf is a node's address: all of 127.0.0.0/8 is this machine.
func hostOf(i int) netip.Addr {
	number := int(firstHost[1])<<16 + 1 + i
	return netip.AddrFrom4([4]byte{127, byte(number >> 16), byte(number >> 8), byte(number)})
}

// numberOf is the reverse of hostOf.
func numberOf(host netip.Addr) int {
	b := host.As4()
	return int(b[1])<<16 + int(b[2])<<8 + int(b[3]) - 1 - int(firstHost[1])<<16
}

const holdTime = 5 * time.Second // a silent node's connections

// dataPort answers at the data ports of all nodes, for a tracker that wants to
// see whether they live. It is one socket on every address of the loopback
// device, and on no other device.
//
// Who asks at a killed node gets a reset, as one socket can't refuse only some
// connections; an unplugged one says nothing.
type dataPort struct {
	net.Listener
	server http.Server
	fate   func(i int) fate
	held   sync.WaitGroup
}

func openDataPort(ctx context.Context, fate func(i int) fate) (*dataPort, error) {
	onLoopback := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		return errors.Join(c.Control(func(fd uintptr) {
			err = syscall.SetsockoptString(int(fd), syscall.SOL_SOCKET, syscall.SO_BINDTODEVICE, "lo")
		}), err)
	}}
	l, err := onLoopback.Listen(ctx, "tcp4", "0.0.0.0:0")
	if err != nil {
		return nil, fmt.Errorf("data port: %w", err)
	}
	p := &dataPort{Listener: l, fate: fate}
	p.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	p.server.ReadHeaderTimeout = holdTime
	return p, nil
}

func (p *dataPort) port() int { return p.Addr().(*net.TCPAddr).Port }

// run answers until ctx ends.
func (p *dataPort) run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = p.server.Close() })
	defer stop()
	defer p.held.Wait()
	if err := p.server.Serve(p); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("data port: %w", err)
	}
	return nil
}

// Accept implements [net.Listener]: it gives the connections of live nodes.
func (p *dataPort) Accept() (net.Conn, error) {
	for {
		c, err := p.Listener.Accept()
		if err != nil {
			return nil, err
		}
		switch p.fate(numberOf(c.LocalAddr().(*net.TCPAddr).AddrPort().Addr())) {
		case alive:
			return c, nil
		case killed:
			_ = c.(*net.TCPConn).SetLinger(0)
			_ = c.Close()
		case unplugged:
			p.held.Go(func() { hold(c) })
		}
	}
}

// hold says nothing until the other side has given up.
func hold(c net.Conn) {
	defer c.Close()
	_ = c.SetReadDeadline(time.Now().Add(holdTime))
	for buf := make([]byte, 1024); ; {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}
