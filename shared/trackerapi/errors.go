package trackerapi

import (
	"errors"
	"fmt"
	"net/http"
)

// Code is a machine-readable reason for a refusal. It is the same on both
// sides of the wire: what a handler returns, the client's caller finds with
// [IsCode].
type Code string

// The codes, and the HTTP status that each travels with.
const (
	CodeInvalid     Code = "invalid"      // 400: the message makes no sense; sending it again will not help
	CodeUnknownNode Code = "unknown_node" // 404: register first
	CodeStaleEpoch  Code = "stale_epoch"  // 409: a later run of this node has registered
	CodeTooLarge    Code = "too_large"    // 413: beyond a limit of this package
	CodeInternal    Code = "internal"     // 500: a fault of the tracker's own
	CodeUnavailable Code = "unavailable"  // 503: not now; try another tracker
)

var statusOf = map[Code]int{
	CodeInvalid:     http.StatusBadRequest,
	CodeUnknownNode: http.StatusNotFound,
	CodeStaleEpoch:  http.StatusConflict,
	CodeTooLarge:    http.StatusRequestEntityTooLarge,
	CodeInternal:    http.StatusInternalServerError,
	CodeUnavailable: http.StatusServiceUnavailable,
}

// Error is a refusal, as it crosses the wire: {"code": …, "message": …}.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
}

// Errorf makes an [Error].
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

// Status is the HTTP status that the error travels with.
func (e *Error) Status() int {
	if s, ok := statusOf[e.Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// AsError finds the [Error] in err; any other error becomes a
// [CodeInternal] whose message gives nothing away.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: CodeInternal, Message: "internal error"}
}

// IsCode reports whether err is an [Error] with this code.
func IsCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}
