package fleet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// line is one connection to one tracker, one request at a time: what a seeder
// keeps open, for less than net/http's client takes. It is an
// [http.RoundTripper]. The request's context must have a deadline, before which
// a request does not end by being cancelled.
type line struct {
	addr string

	mu   sync.Mutex
	conn net.Conn // nil until it is needed
}

// readers are shared: between requests a line has nothing to read.
var readers = sync.Pool{New: func() any { return bufio.NewReader(nil) }}

// RoundTrip implements [http.RoundTripper]. The answer's body is in memory. A
// tracker may close a connection that was idle; then it takes a second one.
func (l *line) RoundTrip(req *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	used := l.conn != nil
	res, err := l.exchange(req)
	if err != nil && used && hungUp(err) && req.GetBody != nil {
		if req.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
		return l.exchange(req)
	}
	return res, err
}

func (l *line) exchange(req *http.Request) (_ *http.Response, err error) {
	defer func() {
		if err != nil {
			l.close()
		}
	}()
	if l.conn == nil {
		if l.conn, err = new(net.Dialer).DialContext(req.Context(), "tcp", l.addr); err != nil {
			return nil, err
		}
	}
	deadline, _ := req.Context().Deadline()
	if err := l.conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	if err := req.Write(l.conn); err != nil {
		return nil, err
	}
	r := readers.Get().(*bufio.Reader)
	defer readers.Put(r)
	r.Reset(l.conn)
	return whole(http.ReadResponse(r, req))
}

// whole reads the body, so that the connection is free again.
func whole(res *http.Response, err error) (*http.Response, error) {
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	return res, nil
}

func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// hangUp closes the connection; the next request opens another.
func (l *line) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close()
}

func (l *line) close() {
	if l.conn != nil {
		_ = l.conn.Close()
		l.conn = nil
	}
}

var errNotConnected = errors.New("there is no connection to the tracker")

// lend gives the connection's descriptor away, until regain. Go's own poller is to
// hear nothing of it meanwhile, so it is a duplicate, and the connection closed. It
// fails with errNotConnected when there is none.
func (l *line) lend() (fd int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	conn, ok := l.conn.(*net.TCPConn)
	if !ok {
		return 0, errNotConnected
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return 0, err
	}
	var failed error
	if err := raw.Control(func(own uintptr) { fd, failed = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return 0, err
	}
	if failed == nil {
		l.close()
	}
	return fd, failed
}

// regain takes it back.
func (l *line) regain(fd int) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := os.NewFile(uintptr(fd), l.addr)
	defer f.Close() // the connection has its own
	l.conn, err = net.FileConn(f)
	return err
}
