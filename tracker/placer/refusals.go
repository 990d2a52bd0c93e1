package placer

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Conflict is a refusal because of what there is.
type Conflict struct{ Text string }

func (c *Conflict) Error() string { return c.Text }

// NotThere is a refusal because there is nothing of that name.
type NotThere struct{ Text string }

func (n *NotThere) Error() string { return n.Text }

func isRefusal(err error) bool {
	_, conflict := errors.AsType[*Conflict](err)
	_, gone := errors.AsType[*NotThere](err)
	_, other := errors.AsType[*trackerapi.Error](err)
	return conflict || gone || other
}

// Status is the HTTP status that stands for a refusal of this package.
func Status(err error) int {
	if _, ok := errors.AsType[*Conflict](err); ok {
		return http.StatusConflict
	}
	if _, ok := errors.AsType[*NotThere](err); ok {
		return http.StatusNotFound
	}
	return trackerapi.AsError(err).Status()
}

func unknown(what, name string) error {
	return &NotThere{fmt.Sprintf("%s %q is not known", what, name)}
}
