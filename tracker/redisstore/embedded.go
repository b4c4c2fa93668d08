package redisstore

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Embedded is a Redis inside the process, for trying out and for small sites.
// Nothing in it outlives the process.
type Embedded struct {
	server   *miniredis.Miniredis
	password string
	stop     chan struct{}
}

// StartEmbedded starts one on a free port of the loopback, with a password of
// its own: other users of the machine may not write past the tracker.
func StartEmbedded() (*Embedded, error) {
	password := rand.Text()
	server := miniredis.NewMiniRedis()
	server.RequireAuth(password)
	if err := server.Start(); err != nil {
		return nil, fmt.Errorf("embedded store: %w", err)
	}
	e := &Embedded{server: server, password: password, stop: make(chan struct{})}
	go e.passTime()
	return e, nil
}

// Addr is where it listens, host:port.
func (e *Embedded) Addr() string { return e.server.Addr() }

// Password is what a connection must know.
func (e *Embedded) Password() string { return e.password }

// Close ends it; all it held is gone.
func (e *Embedded) Close() {
	close(e.stop)
	e.server.Close()
}

// passTime lets keys expire: by itself that server's clock stands still.
func (e *Embedded) passTime() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			e.server.FastForward(time.Second)
		case <-e.stop:
			return
		}
	}
}
