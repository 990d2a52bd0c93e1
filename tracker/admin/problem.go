package admin

import (
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/drayproject/dray/shared/trackerapi"
)

// refusal is where every error outside of an operation is written; inside,
// package huma writes the same form.
func refusal(w http.ResponseWriter, status int, detail string) {
	body, _ := json.Marshal(huma.NewError(status, detail)) // nothing in it can fail
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // who has gone away meanwhile is not our trouble
}

// wrong is the error for a parameter that makes no sense. The place is as in
// "query.cursor".
func wrong(place, message string, value any) error {
	return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Message: message, Location: place, Value: value})
}

// problem gives a refusal of the domain the form of this API.
func problem(err error) error {
	e := trackerapi.AsError(err)
	return huma.NewError(e.Status(), e.Message)
}
