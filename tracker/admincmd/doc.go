// Package admincmd is the admin API for the terminal: `tracker admin …`.
//
// Every command is an operation of package admin with a table: [show] gets the
// answer, page by page, and writes it as a table that fits the terminal, or as
// JSON or YAML with the fields of the API. Scripts go by the exit codes, see
// [Failure].
package admincmd
