package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
)

// The error codes of distribution-spec v1.1, "Error Codes", that are needed
// here.
const (
	codeBlobUnknown     = "BLOB_UNKNOWN"
	codeManifestUnknown = "MANIFEST_UNKNOWN"
	codeNameInvalid     = "NAME_INVALID"
	codeDigestInvalid   = "DIGEST_INVALID"
	codeSizeInvalid     = "SIZE_INVALID"
	codeUnsupported     = "UNSUPPORTED"
	codeTooMany         = "TOOMANYREQUESTS"
	codeUnknown         = "UNKNOWN" // not the spec's: a fault of our own
)

// problem is a refusal, with the status that the spec has for it. Whether the
// client sees that status is for the side to decide.
type problem struct {
	status  int
	code    string
	message string
}

func problemf(status int, code, format string, args ...any) *problem {
	return &problem{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func (p *problem) Error() string { return p.code + ": " + p.message }

// asProblem finds the problem in err. Other errors become a 404, whoever asks:
// a node that can't serve content doesn't have it.
func asProblem(err error) problem {
	if p, ok := errors.AsType[*problem](err); ok {
		return *p
	}
	return problem{http.StatusNotFound, codeUnknown, err.Error()}
}

// write answers with the spec's error document.
func (p problem) write(w http.ResponseWriter) {
	type entry struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	body, _ := json.Marshal(map[string][]entry{"errors": {{p.code, p.message}}})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(p.status)
	_, _ = w.Write(body) // the client may have left
}
