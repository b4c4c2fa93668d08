package sources

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/smdb"
)

// newAuthority makes a CA, and returns the file of its certificate and a
// server's certificate for 127.0.0.1 that it signed.
func newAuthority(t *testing.T) (caFile string, server tls.Certificate) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "own CA"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER}), 0o600); err != nil {
		t.Fatal(err)
	}
	return caFile, tls.Certificate{Certificate: [][]byte{leafDER}, PrivateKey: key}
}

// A service is believed if the right CA signed it, and is sent the token then
// only.
func TestOwnAuthority(t *testing.T) {
	right, certificate := newAuthority(t)
	wrong, _ := newAuthority(t)
	var asked, withToken int
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Header.Get("Authorization") == "Bearer "+testToken {
			withToken++
		}
		well(w, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that fail are the test
	server.StartTLS()
	defer server.Close()
	for _, source := range []string{"smdb", "http"} {
		for _, tt := range []struct {
			caFile string
			ok     bool
		}{{right, true}, {wrong, false}, {"", false}} {
			asked, withToken = 0, 0
			stack := newStack(t, source, server.URL, longTimeout, func(s *Settings) { s.SMDBCAFile, s.HTTPCAFile = tt.caFile, tt.caFile })
			place, err := stack.Locate(t.Context(), hostNumber(1))
			if tt.ok && (err != nil || place.Location != "r1" || asked != 1 || withToken != 1) {
				t.Errorf("%s, right CA: %+v, %v, asked %d times, %d with the token", source, place, err, asked, withToken)
			}
			if !tt.ok && (err == nil || !strings.Contains(err.Error(), "certificate") || asked != 0) {
				t.Errorf("%s, CA file %q: %+v, %v, asked %d times", source, tt.caFile, place, err, asked)
			}
			stack.close(t)
		}
	}
}

// One block that is no certificate spoils the file: it may be the one that
// counts.
func TestSpoiltAuthorityFile(t *testing.T) {
	good, certificate := newAuthority(t)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, more := range map[string][]byte{
		"key":    pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		"spoilt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("spoilt")}),
	} {
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, append(text, more...), 0o600); err != nil {
			t.Fatal(err)
		}
		settings := HTTPSettings{HTTPURL: "https://cmdb.example/{ip}", HTTPPath: "rack", HTTPCAFile: file}
		_, err := settings.openHTTP(smdb.Env{Timeout: longTimeout})
		if err == nil || !strings.HasPrefix(err.Error(), "HTTP_CA_FILE: ") || !strings.Contains(err.Error(), "block 2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(good, append([]byte("\ufeff"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	settings := HTTPSettings{HTTPURL: "https://cmdb.example/{ip}", HTTPPath: "rack", HTTPCAFile: good}
	if _, err := settings.openHTTP(smdb.Env{Timeout: longTimeout}); err != nil {
		t.Errorf("behind a byte order mark: %v", err)
	}
}
