package main

import (
	"context"
	"net"
	"time"
)

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
