package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"

	"github.com/p2ptracker/p2ptracker/tracker/btudp"
)

// listenAll takes the ports. If it cannot have them it has none, and the error names each.
func listenAll(ctx context.Context, c *Config) (net.Listener, *btudp.Listener, error) {
	listener, err := listen(ctx, c)
	udpListener, udpErr := listenUDP(ctx, c)
	if err != nil || udpErr != nil {
		if err == nil {
			listener.Close()
		}
		if udpErr == nil {
			udpListener.Close()
		}
		return nil, nil, settingsError{errors.Join(err, udpErr)}
	}
	return listener, udpListener, nil
}

// listen takes the port, on IPv4 and IPv6 if HOST is empty.
func listen(ctx context.Context, c *Config) (net.Listener, error) {
	// No probes of TCP: each connection has deadlines, and to set probes up takes four
	// system calls for each.
	config := net.ListenConfig{KeepAlive: -1}
	port := strconv.Itoa(c.Port)
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(string(c.Host), port))
	return listener, listenFault(err, "PORT", c, port)
}

// listenFault says which setting keeps the tracker from listening: that of the port, or HOST.
func listenFault(err error, setting string, c *Config, port string) error {
	var name *net.DNSError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s: %s is in use by another program", setting, port)
	case errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%s: this user may not listen on port %s; choose one above 1023, or give the right CAP_NET_BIND_SERVICE", setting, port)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Errorf("HOST: %s is no address of this machine, so %s %s cannot be had", c.Host, setting, port)
	case errors.As(err, &name):
		return fmt.Errorf("HOST: %s is no name of this machine, so %s %s cannot be had: %s", c.Host, setting, port, name.Err)
	}
	return fmt.Errorf("HOST, %s %s: %w", setting, port, err)
}
