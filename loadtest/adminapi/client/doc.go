// Package client is generated from the admin API's OpenAPI document.
//
// openapi.sha256 tells which state of the document that was; a test compares.
package client

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../../../tracker/admin/openapi.yaml
//go:generate sh -c "sha256sum < ../../../tracker/admin/openapi.yaml > openapi.sha256"
