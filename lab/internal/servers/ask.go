package servers

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// direct asks without a proxy that the environment may name.
var direct = &http.Client{Transport: &http.Transport{}, Timeout: startTimeout}

// startTimeout bounds how long a server may take to start, and to answer.
const startTimeout = time.Minute

// Ask sends a request to a tracker, as its operator if there is a token, and returns the body of a good
// reply.
func Ask(ctx context.Context, method, url, token string, body []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := direct.Do(request)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %.200s", method, url, resp.Status, reply)
	}
	return reply, err
}

// Get is Ask without a body.
func Get(ctx context.Context, url string) ([]byte, error) {
	return Ask(ctx, http.MethodGet, url, "", nil)
}

// Await repeats a question until it is answered without an error.
func Await(ctx context.Context, what string, question func() error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := question()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", what, err)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
