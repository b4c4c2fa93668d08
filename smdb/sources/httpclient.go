package sources

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/p2ptracker/p2ptracker/smdb"
)

const (
	// maxAnswer is how many bytes of an answer are read: one host's record.
	maxAnswer = 64 << 10
	// maxAnswerHeader is how many bytes of an answer's header are read.
	maxAnswerHeader = 16 << 10
)

// httpClient asks one service, and no other: it follows no redirect and uses no proxy, so that
// nobody else gets the token or the password.
type httpClient struct {
	client  *http.Client
	address *url.URL // with {ip}
	token   string
}

// newHTTPClient checks the settings PREFIX_TOKEN and PREFIX_CA_FILE of the service; its errors
// begin with their names. A dial outlives the call that began it, so it has a timeout of its own.
func newHTTPClient(prefix string, address *url.URL, token, caFile string, timeout time.Duration) (*httpClient, error) {
	authorities, err := loadAuthorities(caFile, address)
	if err := errors.Join(settingError(prefix+"_TOKEN", checkToken(token, address)), settingError(prefix+"_CA_FILE", err)); err != nil {
		return nil, err
	}
	return &httpClient{
		address: address,
		token:   token,
		client: &http.Client{
			Transport: &http.Transport{
				DialContext:            (&net.Dialer{Timeout: timeout}).DialContext,
				TLSHandshakeTimeout:    timeout,
				TLSClientConfig:        &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12},
				MaxConnsPerHost:        smdb.RemoteCalls,
				MaxIdleConnsPerHost:    smdb.RemoteCalls,
				IdleConnTimeout:        90 * time.Second,
				MaxResponseHeaderBytes: maxAnswerHeader,
				DisableCompression:     true,
			},
			// A redirect counts like any other status that is not 200.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

// checkToken never repeats the token.
func checkToken(token string, base *url.URL) error {
	notInToken := func(r rune) bool { return r <= ' ' || r > '~' }
	switch {
	case strings.ContainsFunc(token, notInToken):
		return errors.New("must be of printable ASCII without blanks")
	case token != "" && base.User != nil:
		return errors.New("cannot go with a user in the URL: a request has one Authorization")
	}
	return nil
}

// loadAuthorities reads a PEM file of the certificates that alone may sign the server's. No file
// means those that the system trusts.
func loadAuthorities(file string, base *url.URL) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	if base.Scheme != "https" {
		return nil, errors.New("needs an https URL")
	}
	rest, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rest = withoutBOM(rest)
	pool := x509.NewCertPool()
	for n := 0; ; n++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			if n == 0 {
				return nil, fmt.Errorf("%s: no PEM certificate is in it", file)
			}
			return pool, nil
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if block.Type != "CERTIFICATE" || err != nil {
			return nil, fmt.Errorf("%s: its block %d is a %s that cannot be read as a certificate", file, n+1, block.Type)
		}
		pool.AddCert(certificate)
	}
}

// get asks for a host with one GET, and returns the body of a 200. The statuses in unknown are
// smdb.ErrNotFound. Its errors do not repeat the address, whose query may hold a key.
func (c *httpClient) get(ctx context.Context, ip netip.Addr, unknown ...int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, withAddress(c.address, ip), http.NoBody)
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Accept", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer drain(resp.Body)
	switch {
	case slices.Contains(unknown, resp.StatusCode):
		return nil, smdb.ErrNotFound
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("answer has more than %d bytes", maxAnswer)
	}
	return body, nil
}

func withoutURL(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// drain reads a bounded rest of a body, so that its connection can be used again, and closes it.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxAnswer)
	_ = body.Close()
}

// Close ends the idle connections.
func (c *httpClient) Close() error {
	c.client.CloseIdleConnections()
	return nil
}
