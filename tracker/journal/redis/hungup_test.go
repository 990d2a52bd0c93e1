package redis

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/drayproject/dray/tracker/journal"
)

// A Redis in protected mode says that it is, at once, and hangs up.
func TestServerThatHangsUpIsExplained(t *testing.T) {
	for name, words := range map[string]string{
		"protected mode": "-DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user.\r\n",
		"a proxy":        "",
	} {
		t.Run(name, func(t *testing.T) {
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					c, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = io.WriteString(c, words)
					_ = c.Close()
				}
			}()
			r, err := New("redis://"+l.Addr().String(), "dray:")
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			err = r.Open(t.Context())
			t.Log(err)
			if err == nil || errors.Is(err, journal.ErrRefused) || !strings.Contains(err.Error(), "protected mode") {
				t.Errorf("got %v", err)
			}
		})
	}
}
