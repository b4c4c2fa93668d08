package redisstore_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

const (
	downLine  = "store cannot be used"
	readyLine = "store is ready"
	lostLine  = "store lost its data"
)

// TestRedisComesAndGoes: down at start, up, gone, back and empty. Every announce
// has an answer, and each change one log line.
func TestRedisComesAndGoes(t *testing.T) {
	ctx := context.Background()
	server := redistest.Start(t)
	server.Stop()
	s, log := storetest.OpenLogged(t, storetest.Options(server.Addr))

	unavailable := func() bool {
		_, err := s.Announce(ctx, storetest.AnnounceOf(storetest.Hash(1), "r1", 1))
		return errors.Is(err, tracker.ErrUnavailable) && errors.Is(s.Ready(ctx), tracker.ErrUnavailable)
	}
	answers := func() bool {
		h, err := s.Announce(ctx, storetest.AnnounceOf(storetest.Hash(1), "r1", 1))
		return err == nil && !h.Active && s.Ready(ctx) == nil
	}
	storetest.Await(t, "the start without Redis is logged", func() bool { return log.Count(downLine) == 1 })
	if !unavailable() {
		t.Error("announces without Redis are answered")
	}
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	storetest.Await(t, "the store is ready", answers)
	storetest.Await(t, "that is logged", func() bool { return log.Count(readyLine) == 1 })

	server.Stop()
	storetest.Await(t, "announces fail", unavailable)
	storetest.Await(t, "that is logged", func() bool { return log.Count(downLine) == 2 })
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	storetest.Await(t, "announces are answered again", answers)
	storetest.Await(t, "that is logged", func() bool { return log.Count(readyLine) == 2 })
	storetest.Await(t, "the loss is logged", func() bool { return log.Count(lostLine) == 1 })
	if down := log.Count(downLine); down != 2 {
		t.Errorf("%d lines say that Redis is down, expected 2", down)
	}
}

// TestRedisHangs: a server that takes connections and never answers.
func TestRedisHangs(t *testing.T) {
	server := redistest.Start(t)
	opts := storetest.Options(server.Addr)
	opts.Timeout = time.Second
	s, _ := storetest.OpenLogged(t, opts)
	storetest.Await(t, "the store is ready", func() bool { return s.Ready(context.Background()) == nil })
	process, err := os.FindProcess(server.PID)
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = process.Signal(syscall.SIGCONT) }()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := s.Announce(ctx, storetest.AnnounceOf(storetest.Hash(1), "r1", 1)); !errors.Is(err, tracker.ErrUnavailable) {
		t.Errorf("announce: %v", err)
	}
}

// TestNoBlindRetry: an announce whose reply is lost is not sent again.
func TestNoBlindRetry(t *testing.T) {
	server := redistest.Start(t)
	f := storetest.New(t, storetest.Options(server.Addr))
	hash := f.RegisterTransfer(t, 1)
	f.MustAnnounce(t, storetest.AnnounceOf(hash, "r1", 1))
	storetest.Await(t, "what follows an announce is written", func() bool {
		return f.Card(keys.Racks) > 0 && f.Card(keys.RackHosts("r1")) > 0 && f.Card(keys.ActiveTransfers) > 0
	})
	// The announce waits behind this pause; its connection is then killed.
	f.Command("CLIENT", "PAUSE", "3000", "WRITE")
	done := make(chan error)
	go func() {
		_, err := f.Announce(context.Background(), storetest.AnnounceOf(hash, "r1", 2))
		done <- err
	}()
	storetest.Await(t, "the announce is under way", func() bool {
		clients, _ := f.Command("CLIENT", "LIST").ToString()
		return slices.ContainsFunc(strings.Split(clients, "\n"), func(client string) bool {
			return strings.Contains(client, " flags=b ") && strings.Contains(client, " cmd=evalsha ")
		})
	})
	f.Command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	if err := <-done; !errors.Is(err, tracker.ErrUnavailable) {
		t.Fatalf("announce: %v", err)
	}
	f.Command("CLIENT", "UNPAUSE")
	storetest.Await(t, "the store is ready again", func() bool { return f.Ready(context.Background()) == nil })
	var h tracker.Handout
	storetest.Await(t, "an announce is answered", func() (ok bool) { // the client has several connections, all of them killed
		var err error
		h, err = f.Announce(context.Background(), storetest.AnnounceOf(hash, "r1", 1))
		return err == nil
	})
	if h.Incomplete != 1 {
		t.Errorf("%d leechers: the announce was sent again", h.Incomplete)
	}
}

// A replica that is away, or that the frontends cannot reach, is no reason to be not
// ready.
func TestReadyWithoutAReplica(t *testing.T) {
	cluster := redistest.StartCluster(t)
	replica := redistest.AddReplica(t, cluster)
	opts := storetest.Options(cluster[0].Addr)
	storetest.Await(t, "clients are told of the replica", func() bool { return len(storetest.OpenRaw(t, opts).Nodes()) == len(cluster)+1 })
	f := storetest.New(t, opts)
	replica.Stop()
	if err := f.Ready(context.Background()); err != nil {
		t.Error(err)
	}
}
