package main

import (
	"fmt"
	"io"
	"net/http"
	"time"
)

// patience is how long a test waits for what must come; much more than it takes.
const patience = 30 * time.Second

var testClient = http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}

func getURL(url string) ([]byte, error) {
	resp, err := testClient.Get(url)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// awaitURL asks until the answer is 200.
func awaitURL(url string) error {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = answers(url); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%s within %v: %w", url, patience, err)
}

func answers(url string) error {
	resp, err := testClient.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}
