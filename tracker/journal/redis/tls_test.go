package redis_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/drayproject/dray/tracker/journal/journaltest"
	"github.com/drayproject/dray/tracker/journal/journaltest/redistest"
)

// selfSigned writes a certificate for 127.0.0.1 that is its own authority.
func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	save := func(name, kind string, b []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return save("cert.pem", "CERTIFICATE", der), save("key.pem", "PRIVATE KEY", raw)
}

func TestTLS(t *testing.T) {
	cert, key := selfSigned(t)
	secure, _ := net.Listen("tcp", "127.0.0.1:0")
	addr := secure.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	secure.Close()
	redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert)
	for parameters, ok := range map[string]bool{
		"?ca=" + cert + "&cert=" + cert + "&key=" + key: true,
		"?ca=" + cert:                   false, // the server wants to know who it is
		"?cert=" + cert + "&key=" + key: false, // nobody vouches for the server
	} {
		r := mustNew(t, "rediss://"+addr+parameters, "dray:")
		if err := r.Open(t.Context()); (err == nil) != ok {
			t.Errorf("%s: %v", parameters, err)
		}
		if ok {
			write(t, r, journaltest.Entry("a", 1, 5))
			journaltest.Expect(t, r, journaltest.Entry("a", 1, 5))
		}
	}
}
