package redisstore

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

// Aside returns the same store over a connection of its own. What it is asked there, such as long
// lists and torrents' files, delays no announce; there is one connection, so that Redis reads no
// more of it at a time than of one client.
func (s *Store) Aside() *Store { return s.aside }

// besides returns a Store for Aside: it has what s has, but for the connection.
func (s *Store) besides() *Store {
	return &Store{
		opts: s.opts, log: s.log, notes: s.notes, background: s.background, scans: s.scans, metrics: s.metrics,
		doubts: s.doubts,
	}
}

// connection connects, if need be anew, and returns the connection of announces.
func (s *Store) connection(ctx context.Context) (rueidis.Client, error) {
	if last := s.doubts.last.Load(); last != nil && last.err.says == noSlots {
		s.doubts.last.Store(nil)
		s.disconnect()
	}
	if client := s.dialed.Load(); client != nil {
		return *client, nil
	}
	client, err := s.open(ctx, s, announceClient, 0, s.opts.Timeout) // as many connections as rueidis finds best
	if err != nil {
		return nil, err
	}
	aside, err := s.open(ctx, s.aside, asideClient, -1, 3*s.opts.Timeout) // one connection, and time for large files
	if err != nil {
		client.Close()
		return nil, err
	}
	s.proved = time.Time{}
	s.aside.dialed.Store(&aside)
	s.dialed.Store(&client)
	return client, nil
}

// letThrough lets calls through over both connections, or stops them.
func (s *Store) letThrough(yes bool) {
	for _, store := range []*Store{s, s.aside} {
		if yes {
			store.connected.Store(store.dialed.Load())
		} else {
			store.connected.Store(nil)
		}
	}
}

// lostConnection stops the calls of a store, s or the one aside, until the next look: what a new
// connection leads to may be another Redis. Of a cluster it is one server.
func (s *Store) lostConnection(store *Store) {
	s.gate.Lock()
	defer s.gate.Unlock()
	s.losses++
	if client := store.connected.Load(); client != nil && (*client).Mode() != rueidis.ClientModeCluster {
		store.connected.Store(nil)
		s.hurryLook()
	}
}

func (s *Store) lossesNow() int {
	s.gate.Lock()
	defer s.gate.Unlock()
	return s.losses
}

// hurryLook lets the next look be at once.
func (s *Store) hurryLook() {
	select {
	case s.hurry <- struct{}{}:
	default:
	}
}

func (s *Store) disconnect() {
	s.letThrough(false)
	for _, store := range []*Store{s, s.aside} {
		if client := store.dialed.Swap(nil); client != nil {
			(*client).Close()
		}
	}
}

// open opens the connection of a store, s or the one aside.
func (s *Store) open(ctx context.Context, store *Store, name string, multiplex int, timeout time.Duration) (rueidis.Client, error) {
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{s.opts.Addr},
		Username:          s.opts.Username,
		Password:          s.opts.Password,
		SelectDB:          s.opts.DB,
		ClientName:        name,
		Dialer:            net.Dialer{Timeout: s.opts.Timeout},
		DialCtxFn:         s.dialer(store),
		ConnWriteTimeout:  timeout,
		PipelineMultiplex: multiplex,
		ForceSingleClient: s.opts.Single || s.opts.DB != 0, // a cluster has one database only
		DisableCache:      true,
		DisableRetry:      true, // nothing is sent twice: a `completed` would count twice
		AlwaysPipelining:  true, // a reply that nobody asked for is seen when it comes
	})
	if err != nil {
		return nil, mapError(err)
	}
	if err := s.checkMode(ctx, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// checkMode finds a cluster that did not tell its slots: it was taken for one server.
func (s *Store) checkMode(ctx context.Context, client rueidis.Client) error {
	if s.opts.Single || client.Mode() == rueidis.ClientModeCluster {
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
