package client

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/rueidis"
)

// Names of the connections, as CLIENT LIST shows them.
const (
	announceClient = "p2ptracker"
	asideClient    = "p2ptracker-rest"
)

// connection connects, if need be anew, and returns the connection of announces.
func (r *Redis) connection(ctx context.Context) (rueidis.Client, error) {
	if last := r.doubts.last.Load(); last != nil && last.err.says == noSlots {
		r.doubts.last.Store(nil)
		r.disconnect()
	}
	if client := r.announces.dialed.Load(); client != nil {
		return *client, nil
	}
	client, err := r.open(ctx, r.announces, announceClient, 0, r.opts.Timeout) // as many connections as rueidis finds best
	if err != nil {
		return nil, err
	}
	aside, err := r.open(ctx, r.aside, asideClient, -1, 3*r.opts.Timeout) // one connection, and time for large files
	if err != nil {
		client.Close()
		return nil, err
	}
	r.proved = time.Time{}
	r.aside.dialed.Store(&aside)
	r.announces.dialed.Store(&client)
	return client, nil
}

func (r *Redis) clients() [2]*Client { return [2]*Client{r.announces, r.aside} }

// letThrough lets calls through over both connections, or stops them.
func (r *Redis) letThrough(yes bool) {
	for _, c := range r.clients() {
		if yes {
			c.connected.Store(c.dialed.Load())
		} else {
			c.connected.Store(nil)
		}
	}
}

// lostConnection stops the calls of a client until the next look: what a new
// connection leads to may be another Redis. Of a cluster it is one server.
func (r *Redis) lostConnection(c *Client) {
	r.gate.Lock()
	defer r.gate.Unlock()
	r.losses++
	if client := c.connected.Load(); client != nil && (*client).Mode() != rueidis.ClientModeCluster {
		c.connected.Store(nil)
		r.hurryLook()
	}
}

func (r *Redis) lossesNow() int {
	r.gate.Lock()
	defer r.gate.Unlock()
	return r.losses
}

// hurryLook lets the next look be at once.
func (r *Redis) hurryLook() {
	select {
	case r.hurry <- struct{}{}:
	default:
	}
}

func (r *Redis) disconnect() {
	r.letThrough(false)
	for _, c := range r.clients() {
		if client := c.dialed.Swap(nil); client != nil {
			(*client).Close()
		}
	}
}

// open opens the connection of a client.
func (r *Redis) open(ctx context.Context, c *Client, name string, multiplex int, timeout time.Duration) (rueidis.Client, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{r.opts.Addr},
		Username:          r.opts.Username,
		Password:          r.opts.Password,
		SelectDB:          r.opts.DB,
		ClientName:        name,
		Dialer:            net.Dialer{Timeout: r.opts.Timeout},
		DialCtxFn:         r.dialer(c),
		ConnWriteTimeout:  timeout,
		PipelineMultiplex: multiplex,
		ForceSingleClient: r.opts.Single || r.opts.DB != 0, // a cluster has one database only
		DisableCache:      true,
		DisableRetry:      true, // nothing is sent twice: a `completed` would count twice
		AlwaysPipelining:  true, // a reply that nobody asked for is seen when it comes
	})
	if err != nil {
		return nil, MapError(err)
	}
	if err := r.checkMode(ctx, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// checkMode finds a cluster that did not tell its slots: it was taken for one server.
func (r *Redis) checkMode(ctx context.Context, client rueidis.Client) error {
	if r.opts.Single || client.Mode() == rueidis.ClientModeCluster {
		return nil
	}
	hello, err := client.Do(ctx, client.B().Hello().Build()).AsMap()
	if err != nil {
		return nil //nolint:nilerr // the embedded store and others do not tell, and are no clusters
	}
	if mode, ok := hello["mode"]; ok {
		if word, _ := mode.ToString(); word == "cluster" {
			return refusalError{refusal{says: noSlots, lasts: true}, errors.New("redis is a cluster")}
		}
	}
	return nil
}
