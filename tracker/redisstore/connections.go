package redisstore

import (
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
	return &Store{opts: s.opts, log: s.log, notes: s.notes, errands: s.errands, looks: s.looks, metrics: s.metrics}
}

// connect opens both connections. If it fails, it may be called again.
func (s *Store) connect() error {
	if err := s.aside.open(asideClient, -1, 3*s.opts.Timeout); err != nil { // one connection, and time for large files
		return err
	}
	return s.open(announceClient, 0, s.opts.Timeout) // as many connections as rueidis finds best
}

func (s *Store) open(name string, multiplex int, timeout time.Duration) error {
	if s.connected.Load() != nil {
		return nil
	}
	client, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress:       []string{s.opts.Addr},
		Username:          s.opts.Username,
		Password:          s.opts.Password,
		SelectDB:          s.opts.DB,
		ClientName:        name,
		Dialer:            net.Dialer{Timeout: s.opts.Timeout},
		DialCtxFn:         s.dial,
		ConnWriteTimeout:  timeout,
		PipelineMultiplex: multiplex,
		ForceSingleClient: s.opts.Single || s.opts.DB != 0, // a cluster has one database only
		DisableCache:      true,
		DisableRetry:      true, // nothing is sent twice: a `completed` would count twice
		AlwaysPipelining:  true, // a reply that nobody asked for is seen when it comes
	})
	if err != nil {
		return mapError(err)
	}
	s.connected.Store(&client)
	return nil
}

func (s *Store) disconnect() {
	if client := s.connected.Swap(nil); client != nil {
		(*client).Close()
	}
}
