package fetcher

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"time"
)

func chainless(*http.Request) *http.Response {
	return &http.Response{StatusCode: http.StatusNotFound, Body: http.NoBody}
}

func mute(r *http.Request) *http.Response {
	<-r.Context().Done()
	return nil
}

// vouches has a peer tell the chain of right bytes.
func (l *lab) vouches(name string, links []byte) {
	l.peers[name].testify = func(*http.Request) *http.Response {
		return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(len(links)), Body: io.NopCloser(bytes.NewReader(links))}
	}
}

// muteAfter sends some links of those that it has promised, and then nothing.
func muteAfter(links []byte, promised int) func(*http.Request) *http.Response {
	return func(r *http.Request) *http.Response {
		body := io.MultiReader(bytes.NewReader(links), silence{r})
		return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(promised), Body: io.NopCloser(body)}
	}
}

// linkByLink sends a link at a time.
func linkByLink(links []byte, every time.Duration) func(*http.Request) *http.Response {
	return func(*http.Request) *http.Response {
		r, w := io.Pipe()
		go func() {
			for link := range slices.Chunk(links, 32) {
				<-time.After(every)
				if _, err := w.Write(link); err != nil {
					return
				}
			}
			w.Close()
		}()
		return &http.Response{StatusCode: http.StatusOK, ContentLength: int64(len(links)), Body: r}
	}
}

type silence struct{ *http.Request }

func (s silence) Read([]byte) (int, error) {
	<-s.Context().Done()
	return 0, s.Context().Err()
}
