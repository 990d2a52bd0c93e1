package fleet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// rushLine is a connection of which only the descriptor is used, one request at a
// time.
type rushLine struct {
	fd      int
	owner   *line
	request []byte // again and again
	gone    bool   // the tracker has closed it

	due    time.Time // when what is under way was to be sent; zero when nothing is
	unseen bool      // nobody was there when it may have been answered
	head   []byte    // of the answer, while it is not whole
	left   int       // bytes of the answer's body that are to come; -1 before the head is there
}

func (l *rushLine) busy() bool { return !l.due.IsZero() }

// giveBack returns it to its owner, unless an answer may still come.
func (l *rushLine) giveBack() error {
	if l.busy() {
		return unix.Close(l.fd)
	}
	return l.owner.regain(l.fd)
}

// write sends the request, which is smaller than a socket's buffer.
func (l *rushLine) write(due time.Time) error {
	l.due, l.unseen, l.left, l.head = due, false, -1, l.head[:0]
	n, err := unix.Write(l.fd, l.request)
	if err == nil && n < len(l.request) {
		err = io.ErrShortWrite
	}
	return err
}

// read takes what has come, and says whether the answer is whole.
func (l *rushLine) read(buffer []byte) (whole bool, err error) {
	n, err := unix.Read(l.fd, buffer)
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, err
	case n == 0 && !l.busy():
		l.gone = true
		return false, nil
	case n == 0:
		return false, io.ErrUnexpectedEOF
	case !l.busy():
		return false, errors.New("an answer that nobody has asked for")
	}
	got := buffer[:n]
	if l.left < 0 {
		if got, err = l.begin(got); err != nil || l.left < 0 {
			return false, err
		}
	}
	if l.left -= len(got); l.left < 0 {
		return false, errors.New("more than the answer has come")
	}
	return l.left == 0, nil
}

var (
	endOfHead = []byte("\r\n\r\n")
	okLine    = []byte("HTTP/1.1 200 ")
	lengthKey = []byte("\r\nContent-Length: ")
)

// begin takes the answer's head and returns what of the body has come with it. It
// reads what [net/http] writes, not everything that HTTP allows.
func (l *rushLine) begin(got []byte) (body []byte, err error) {
	if len(l.head) > 0 { // in several pieces
		l.head = append(l.head, got...)
		got = l.head
	}
	head, body, found := bytes.Cut(got, endOfHead)
	switch {
	case !found:
		if len(l.head) == 0 {
			l.head = append(l.head, got...)
		}
		return nil, nil
	case !bytes.HasPrefix(head, okLine):
		return nil, fmt.Errorf("the tracker answers %.100q", head)
	}
	_, length, found := bytes.Cut(head, lengthKey)
	length, _, _ = bytes.Cut(length, endOfHead[:2])
	if l.left, err = strconv.Atoi(string(length)); err != nil || !found {
		return nil, fmt.Errorf("the answer's length: %.200q", head)
	}
	return body, nil
}
