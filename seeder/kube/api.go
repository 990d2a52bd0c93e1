package kube

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	callTimeout = 5 * time.Second // one request, from connecting to its last byte
	maxAnswer   = 4 << 20         // bytes; etcd holds objects of up to 1.5 MiB
)

// serviceAccount is where Kubernetes puts a pod's credentials.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// API speaks to the API server.
type API struct {
	base  string
	token string
	http  *http.Client
}

// InCluster uses what every pod is given: the API server's address in the
// environment, and the service account's token and certificate authority in
// files.
func InCluster() (*API, error) {
	host, port := os.Getenv("KUBERNETES_SERVICE_HOST"), os.Getenv("KUBERNETES_SERVICE_PORT")
	if host == "" || port == "" {
		return nil, errors.New("KUBERNETES_SERVICE_HOST is not set: this is not a pod")
	}
	return open("https://"+net.JoinHostPort(host, port), serviceAccount)
}

// open takes the files "token" and "ca.crt" from the folder.
func open(base, folder string) (*API, error) {
	token, err := os.ReadFile(filepath.Join(folder, "token"))
	if err != nil {
		return nil, fmt.Errorf("service account: %w", err)
	}
	ca, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("service account: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("service account: no certificate in %s/ca.crt", folder)
	}
	return &API{
		base:  base,
		token: strings.TrimSpace(string(token)),
		http: &http.Client{
			Timeout:   callTimeout,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		},
	}, nil
}

// get reads the object at the path.
func (a *API) get(ctx context.Context, path string, into any) error {
	return a.call(ctx, http.MethodGet, path, nil, into)
}

// patch merges some fields into the object at the path.
func (a *API) patch(ctx context.Context, path string, fields any) error {
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return a.call(ctx, http.MethodPatch, path, body, new(any))
}

// delete leaves it to the garbage collection what belongs to the object.
func (a *API) delete(ctx context.Context, path string) error {
	return a.call(ctx, http.MethodDelete, path+"?propagationPolicy=Background", nil, new(any))
}

// call decodes the answer. One other than 200 is an error that holds the API
// server's own words.
func (a *API) call(ctx context.Context, method, path string, patch []byte, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, bytes.NewReader(patch))
	if err != nil {
		return err
	}
	if patch != nil {
		req.Header.Set("Content-Type", "application/merge-patch+json")
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Accept", "application/json")
	resp, err := a.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, resp.Status, reason(body))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// reason is the message of a Status object; a proxy may have answered instead.
func reason(body []byte) string {
	var status struct {
		Message string `json:"message"`
	}
	_ = json.Unmarshal(body, &status)
	return status.Message
}
