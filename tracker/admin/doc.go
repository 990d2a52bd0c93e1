// Package admin is the tracker's HTTP edge for people: /admin/v1, and health
// and metrics beside it.
//
// The operations are Go functions over the types of messages*.go; the OpenAPI 3.1
// document is made of these, so that it can't say anything else than the code
// does. A copy of it, openapi.yaml, is kept for readers and for generators.
//
// Answers are made of the tracker's memory, which lookups read at the same time.
// So a question about everything copies little at a time, never holds a lock over
// a whole scan, and no two such questions are answered at once.
//
// All errors have one form, that of RFC 9457. With a token set, whoever does not
// have it learns nothing but whether the tracker lives and is ready.
package admin
