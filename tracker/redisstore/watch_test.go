package redisstore

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// logged collects log lines.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logged) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), words)
}

func openLogged(t *testing.T, opts Options) (*Store, *logged) {
	t.Helper()
	log := &logged{}
	s := Open(opts, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(s.Close)
	return s, log
}

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
	s, log := openLogged(t, testOptions(server.Addr))

	unavailable := func() bool {
		_, err := s.Announce(ctx, announceOf(testHash(1), "r1", 1))
		return errors.Is(err, tracker.ErrUnavailable) && errors.Is(s.Ready(ctx), tracker.ErrUnavailable)
	}
	answers := func() bool {
		h, err := s.Announce(ctx, announceOf(testHash(1), "r1", 1))
		return err == nil && !h.Active && s.Ready(ctx) == nil
	}
	await(t, "the start without Redis is logged", func() bool { return log.count(downLine) == 1 })
	if !unavailable() {
		t.Error("announces without Redis are answered")
	}
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	await(t, "the store is ready", answers)
	await(t, "that is logged", func() bool { return log.count(readyLine) == 1 })

	server.Stop()
	await(t, "announces fail", unavailable)
	await(t, "that is logged", func() bool { return log.count(downLine) == 2 })
	if err := server.Run(); err != nil {
		t.Fatal(err)
	}
	await(t, "announces are answered again", answers)
	await(t, "that is logged", func() bool { return log.count(readyLine) == 2 })
	await(t, "the loss is logged", func() bool { return log.count(lostLine) == 1 })
	if down := log.count(downLine); down != 2 {
		t.Errorf("%d lines say that Redis is down, expected 2", down)
	}
}

// TestRedisHangs: a server that takes connections and never answers.
func TestRedisHangs(t *testing.T) {
	server := redistest.Start(t)
	opts := testOptions(server.Addr)
	opts.Timeout = time.Second
	s, _ := openLogged(t, opts)
	await(t, "the store is ready", func() bool { return s.Ready(context.Background()) == nil })
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
	if _, err := s.Announce(ctx, announceOf(testHash(1), "r1", 1)); !errors.Is(err, tracker.ErrUnavailable) {
		t.Errorf("announce: %v", err)
	}
}

func TestOtherKeyModelIsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, f *fixture) {
		f.command("SET", keys.Schema, "99")
		if err := f.Ready(context.Background()); !errors.Is(err, errSchema) {
			t.Errorf("ready: %v", err)
		}
	})
}

// TestNoBlindRetry: an announce whose reply is lost is not sent again.
func TestNoBlindRetry(t *testing.T) {
	server := redistest.Start(t)
	f := newFixture(t, testOptions(server.Addr))
	hash := f.registerTransfer(t, 1)
	f.announce(t, announceOf(hash, "r1", 1))
	await(t, "what follows an announce is written", func() bool {
		return f.card(keys.Racks) > 0 && f.card(keys.RackHosts("r1")) > 0 && f.card(keys.ActiveTransfers) > 0
	})
	// The announce waits behind this pause; its connection is then killed.
	f.command("CLIENT", "PAUSE", "3000", "WRITE")
	done := make(chan error)
	go func() {
		_, err := f.Announce(context.Background(), announceOf(hash, "r1", 2))
		done <- err
	}()
	await(t, "the announce is under way", func() bool {
		clients, _ := f.command("CLIENT", "LIST").ToString()
		return slices.ContainsFunc(strings.Split(clients, "\n"), func(client string) bool {
			return strings.Contains(client, " flags=b ") && strings.Contains(client, " cmd=evalsha ")
		})
	})
	f.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
	if err := <-done; !errors.Is(err, tracker.ErrUnavailable) {
		t.Fatalf("announce: %v", err)
	}
	f.command("CLIENT", "UNPAUSE")
	await(t, "the store is ready again", func() bool { return f.Ready(context.Background()) == nil })
	var h tracker.Handout
	await(t, "an announce is answered", func() (ok bool) { // the client has several connections, all of them killed
		var err error
		h, err = f.Announce(context.Background(), announceOf(hash, "r1", 1))
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
	opts := testOptions(cluster[0].Addr)
	await(t, "clients are told of the replica", func() bool { return len(openRaw(t, opts).Nodes()) == len(cluster)+1 })
	f := newFixture(t, opts)
	replica.Stop()
	if err := f.Ready(context.Background()); err != nil {
		t.Error(err)
	}
}
