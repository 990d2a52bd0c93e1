// Package adminapi holds a running tracker, with real seeders, to the admin API's
// OpenAPI document: a client that is generated from the document asks for every
// operation in it, and each request and each answer is validated against it.
package adminapi
