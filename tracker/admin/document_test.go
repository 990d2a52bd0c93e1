package admin

import (
	"bytes"
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write openapi.yaml anew")

const kept = "openapi.yaml"

func TestTheKeptDocumentIsTheServedOne(t *testing.T) {
	served := newBed(t, nil).get("/openapi.yaml").Body.Bytes()
	if *update {
		if err := os.WriteFile(kept, served, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(served, there) {
		t.Fatalf("%s is old: go test ./tracker/admin -update, then go generate ./loadtest/adminapi/...", kept)
	}
}
