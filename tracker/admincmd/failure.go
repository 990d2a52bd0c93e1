package admincmd

import (
	"net/http"
	"strings"
)

// The exit codes.
const (
	Other       = 1
	Usage       = 2 // the command or a value makes no sense
	Unknown     = 3 // the node, digest or image is not known
	Forbidden   = 4 // the token is missing or wrong
	Unreachable = 5 // no tracker answers
	AtRisk      = 6 // with --fail: something is at risk
	NotDone     = 7 // a job has failures, or was cancelled; a drain is blocked, or its node died
)

// Failure is an error with the exit code that scripts tell it by.
type Failure struct {
	Code int
	Err  error
}

func (f Failure) Error() string { return f.Err.Error() }

// Unwrap gives the error itself.
func (f Failure) Unwrap() error { return f.Err }

// ExitCode is what the process ends with.
func (f Failure) ExitCode() int { return f.Code }

// codeOf is the exit code for an answer.
func codeOf(status int) int {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return Forbidden
	case http.StatusNotFound:
		return Unknown
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return Usage
	}
	return Other
}

// refusal is an error as the API writes it.
type refusal struct {
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Message  string `json:"message"`
		Location string `json:"location"`
	} `json:"errors"`
}

// place is where a person has typed what is wrong.
func place(location string) string {
	if flag, found := strings.CutPrefix(location, "query."); found {
		flag, _, _ = strings.Cut(flag, "[") // which of several values it is the message says
		return "--" + flag
	}
	if argument, found := strings.CutPrefix(location, "path."); found {
		return "<" + argument + ">"
	}
	return location
}

func (r *refusal) Error() string {
	var b strings.Builder
	b.WriteString(r.Detail)
	if r.Detail == "" {
		b.WriteString(r.Title)
	}
	for _, e := range r.Errors {
		b.WriteString("; " + place(e.Location) + ": " + e.Message)
	}
	return b.String()
}
