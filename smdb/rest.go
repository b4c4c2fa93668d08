package smdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// SMDBSettings say where the server-management database is.
type SMDBSettings struct {
	SMDBURL URL `envconfig:"SMDB_URL" desc:"base URL of the server-management database (SMDB)"`
}

// smdbConnections bounds the calls to the SMDB at once.
const smdbConnections = 32

func (s *SMDBSettings) open(env Env) (Source, error) {
	source, err := NewREST(string(s.SMDBURL), RESTOptions{Timeout: env.Timeout, Connections: smdbConnections})
	if err != nil {
		return nil, fmt.Errorf("SMDB_URL: %w", err)
	}
	return source, nil
}

const (
	// maxAnswer is how many bytes of an answer are read: one host's record.
	maxAnswer = 64 << 10
	// maxAnswerHeader is how many bytes of an answer's header are read.
	maxAnswerHeader = 16 << 10
)

// RESTOptions bound what a REST source asks of the SMDB. Both are positive.
type RESTOptions struct {
	Timeout     time.Duration // of one call
	Connections int           // calls, and connections, at once
}

// REST asks the older tracker's server-management database over HTTP.
type REST struct {
	base    *url.URL
	client  *http.Client
	timeout time.Duration
	calls   chan struct{} // holds an element for each call under way
}

// NewREST returns a source that asks the SMDB at smdbURL (SMDB_URL): an
// absolute http or https URL, with user and password if it wants them.
func NewREST(smdbURL string, opts RESTOptions) (*REST, error) {
	base, err := ParseURL(smdbURL)
	if err != nil {
		return nil, err
	}
	if opts.Timeout <= 0 {
		return nil, errors.New("the timeout of a call to the SMDB must be positive")
	}
	if opts.Connections <= 0 {
		return nil, errors.New("the number of connections to the SMDB must be positive")
	}
	return &REST{
		base:    base,
		client:  newClient(opts),
		timeout: opts.Timeout,
		calls:   make(chan struct{}, opts.Connections),
	}, nil
}

// ParseURL checks an SMDB_URL: an absolute http or https URL without query and
// fragment. Its errors do not repeat it: it may hold a password.
func ParseURL(smdbURL string) (*url.URL, error) {
	base, err := url.Parse(smdbURL)
	if err != nil {
		return nil, errors.New("the SMDB's URL cannot be read as one")
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Hostname() == "" {
		return nil, errors.New("the SMDB's URL must start with http:// or https:// and a host")
	}
	if base.RawQuery != "" || base.ForceQuery || base.Fragment != "" {
		return nil, errors.New("the SMDB's URL may hold neither a query nor a fragment")
	}
	return base, nil
}

func newClient(opts RESTOptions) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			// A dial outlives the call that began it, so it has a bound of its own.
			DialContext:            (&net.Dialer{Timeout: opts.Timeout}).DialContext,
			TLSHandshakeTimeout:    opts.Timeout,
			MaxConnsPerHost:        opts.Connections,
			MaxIdleConnsPerHost:    opts.Connections,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: maxAnswerHeader,
		},
		// A redirect is an answer like any other that is not 200.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Locate asks GET SMDB_URL/servers/ipaddresses/IP. It waits for its turn within
// the context's deadline; the call itself has a deadline of its own besides.
func (r *REST) Locate(ctx context.Context, ip netip.Addr) (tracker.Place, error) {
	select {
	case r.calls <- struct{}{}:
		defer func() { <-r.calls }()
	case <-ctx.Done():
		return tracker.Place{}, fmt.Errorf("ask SMDB: all of %d calls are taken: %w", cap(r.calls), ctx.Err())
	}
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	body, err := r.get(ctx, r.base.JoinPath("servers", "ipaddresses", ip.String()))
	if err != nil {
		return tracker.Place{}, fmt.Errorf("ask SMDB: %w", err)
	}
	place, err := parseAnswer(body)
	if err != nil {
		return tracker.Place{}, fmt.Errorf("ask SMDB: %w", err)
	}
	return place, nil
}

// get returns the body of a 200. A 404 is ErrNotFound.
func (r *REST) get(ctx context.Context, address *url.URL) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer drain(resp.Body)
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, ErrNotFound
	default:
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

// drain reads a bounded rest of a body, so that its connection can be used
// again, and closes it.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxAnswer)
	_ = body.Close()
}
