package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// healthTimeout bounds the question whether a server is ready.
const healthTimeout = 5 * time.Second

// newHealthCommand asks the server with the same settings, for a container
// that holds no other program that could.
func newHealthCommand(load func() (Config, faults)) *cobra.Command {
	return &cobra.Command{
		Use:   "health",
		Short: "Ask the server with these settings whether it is ready",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, wrong := load()
			if err := wrong.err(); err != nil {
				return err
			}
			return askReady(cmd.Context(), c.url()+"readyz")
		},
	}
}

// ownAddress is where the server is reached from this machine.
func (c *Config) ownAddress() string {
	name := string(c.Host)
	if ip := net.ParseIP(name); name == "" || ip != nil && ip.IsUnspecified() {
		name = "127.0.0.1"
	}
	return net.JoinHostPort(name, strconv.Itoa(c.Port))
}

func askReady(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{}} // which uses no proxy
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	return fmt.Errorf("not ready: %s %q", resp.Status, text)
}
