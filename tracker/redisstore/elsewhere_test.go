package redisstore_test

import (
	"context"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"

	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// forwarder is a port behind which a server may be exchanged for another one.
type forwarder struct {
	net.Listener
	mu     sync.Mutex
	server string
	open   []net.Conn
}

func newForwarder(t *testing.T, server string) *forwarder {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &forwarder{Listener: listener, server: server}
	t.Cleanup(func() { _ = listener.Close(); f.exchange("") })
	go f.serve()
	return f
}

func (f *forwarder) serve() {
	for {
		client, err := f.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		server, err := net.Dial("tcp", f.server)
		if err != nil {
			_ = client.Close()
		} else {
			f.open = append(f.open, client, server)
			go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
		}
		f.mu.Unlock()
	}
}

// exchange cuts all connections; further ones are to another server.
func (f *forwarder) exchange(server string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.server = server
	for _, conn := range f.open {
		_ = conn.Close()
	}
	f.open = nil
}

// Behind the address of Redis there is another one after a failover, which holds another version:
// nothing is written there, however soon somebody announces.
func TestFailoverToAnotherVersion(t *testing.T) {
	ours, other := redistest.Start(t), redistest.Start(t)
	port := newForwarder(t, ours.Addr)
	opts := storetest.Options(ours.Addr)
	f := storetest.New(t, opts)
	opts.Addr = port.Addr().String()
	s := storetest.Open(t, opts)
	a := storetest.AnnounceOf(f.RegisterTransfer(t, 1), "r1", 1)
	a.AutoRegister, a.AutoRegisterMax = true, 100
	announce := func() error {
		_, err := s.Announce(context.Background(), a)
		return err
	}
	storetest.Await(t, "announces are answered", func() bool { return announce() == nil })

	raw, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{other.Addr}, DisableCache: true})
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	raw.Do(t.Context(), raw.B().Set().Key(keys.Schema).Value("99").Build())
	port.exchange(other.Addr)
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); {
		if announce() == nil {
			t.Fatal("an announce was answered out of another version")
		}
	}
	if n, err := raw.Do(t.Context(), raw.B().Dbsize().Build()).AsInt64(); err != nil || n != 1 {
		t.Errorf("%d keys there, %v", n, err)
	}
	port.exchange(ours.Addr)
	storetest.Await(t, "announces are answered again", func() bool { return announce() == nil })
}
