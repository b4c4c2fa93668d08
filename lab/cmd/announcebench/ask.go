package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

func get(url string) error {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	return do(req)
}

var httpTimeout = http.Client{Timeout: startTimeout}

// do expects a status below 300.
func do(req *http.Request) error {
	resp, err := httpTimeout.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusMultipleChoices {
		err = fmt.Errorf("%s: %s: %.200s", req.URL, resp.Status, body)
	}
	return err
}

func dial(network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: time.Second}
	return dialer.DialContext(context.Background(), network, address)
}

// answersUDP says whether a tracker answers a connect within a second.
func answersUDP(target string) bool {
	const transaction = 1
	conn, err := dial("udp", target)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write(appendConnect(nil, transaction)); err != nil {
		return false
	}
	packet := make([]byte, 64)
	n, err := conn.Read(packet)
	if err != nil {
		return false
	}
	_, _, ours := parseUDP(packet[:n], transaction)
	return ours
}
