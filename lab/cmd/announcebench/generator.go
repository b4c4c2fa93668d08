package main

import (
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sys/unix"
)

// sweepEvery is how often announces are looked for whose deadline has passed.
const sweepEvery = 20 * time.Millisecond

// generator sends the announces of a population, each through a client that is free, and
// measures how they are answered.
type generator struct {
	population *population
	deadline   time.Duration
	wait       int // milliseconds that epoll may sleep
	epoll      int
	clients    []client
	idle       []int           // numbers of clients
	due        []time.Duration // when a client's announce was due; idleTime if it has none
	tally      *tally
}

const idleTime = time.Duration(math.MaxInt64)

// newGenerator opens the clients of a load. They are spread over its targets.
func newGenerator(l *load, p *population) (*generator, error) {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("epoll: %w", err)
	}
	g := &generator{population: p, deadline: l.Deadline, wait: l.wait(), epoll: epoll}
	for n := range l.Connections {
		client, err := newClient(l, poller{epoll, int32(n)})
		if err != nil {
			return nil, fmt.Errorf("client %d of %d: %w", n+1, l.Connections, err)
		}
		g.clients = append(g.clients, client)
		g.idle = append(g.idle, n)
		g.due = append(g.due, idleTime)
	}
	return g, nil
}

func newClient(l *load, p poller) (client, error) {
	target := l.targets[int(p.client)%len(l.targets)]
	if l.Protocol == protocolUDP {
		return newUDPClient(p, target)
	}
	return newHTTPClient(p, target, l.Protocol == protocolKeepAlive), nil
}

// run sends what the schedule says, and returns when the last is answered or past its
// deadline.
func (g *generator) run(s schedule) (*tally, error) {
	g.tally = newTally(g.deadline)
	events := make([]unix.EpollEvent, 256)
	begin := time.Now()
	for swept := time.Duration(0); ; {
		now := time.Since(begin)
		for len(g.idle) > 0 {
			due, ok := s.next(now)
			if !ok {
				break
			}
			g.send(due, begin)
		}
		if len(g.idle) == len(g.clients) && s.over(now) {
			g.tally.took = now
			return g.tally, nil
		}
		n, err := unix.EpollWait(g.epoll, events, g.wait)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return nil, fmt.Errorf("epoll: %w", err)
		}
		for _, event := range events[:max(n, 0)] {
			g.ready(int(event.Fd), begin)
		}
		if now > swept+sweepEvery {
			g.sweep(now)
			swept = now
		}
	}
}

func (g *generator) send(due time.Duration, begin time.Time) {
	last := len(g.idle) - 1
	n := g.idle[last]
	g.idle, g.due[n] = g.idle[:last], due
	if err := g.clients[n].send(g.population.announce()); err != nil {
		g.over(n, begin, reply{}, err)
	}
}

func (g *generator) ready(n int, begin time.Time) {
	if g.due[n] == idleTime { // a kept connection that was closed, or a late packet
		if err := g.drain(n); err != nil {
			g.tally.note(err.Error())
		}
		return
	}
	if r, done, err := g.clients[n].ready(); done || err != nil {
		g.over(n, begin, r, err)
	}
}

// drain lets a client without an announce take what came.
func (g *generator) drain(n int) error {
	_, _, err := g.clients[n].ready()
	if isRefused(err) {
		return nil // the next announce connects again
	}
	return err
}

// over counts an announce and frees its client.
func (g *generator) over(n int, begin time.Time, r reply, err error) {
	g.tally.add(time.Since(begin)-g.due[n], r, err)
	g.due[n] = idleTime
	g.idle = append(g.idle, n)
}

// sweep gives up what was not answered within its deadline.
func (g *generator) sweep(now time.Duration) {
	for n, due := range g.due {
		if due != idleTime && now-due > g.deadline {
			g.clients[n].abandon()
			g.tally.Late++
			g.due[n] = idleTime
			g.idle = append(g.idle, n)
		}
	}
}
