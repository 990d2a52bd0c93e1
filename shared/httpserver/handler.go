package httpserver

import "net/http"

// Handler answers a request or returns why it did not. It returns an error
// only while nothing has been written.
type Handler func(http.ResponseWriter, *http.Request) error

// ErrorWriter turns a handler's error into the answer that the protocol at
// hand prescribes, and logs what deserves it.
type ErrorWriter func(http.ResponseWriter, *http.Request, error)

// Adapter makes net/http handlers out of handlers that return errors: the one
// place of an API where errors are written.
func Adapter(write ErrorWriter) func(Handler) http.HandlerFunc {
	return func(h Handler) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if err := h(w, r); err != nil {
				write(w, r, err)
			}
		}
	}
}
