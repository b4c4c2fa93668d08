package btudp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/p2ptracker/p2ptracker/internal/crew"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// Bounds of what is held at once.
const (
	batchSize  = 64   // packets that are read, or written, by one system call
	packetSize = 2048 // bytes of a packet; of one that is longer than an Ethernet frame the rest is lost
	maxLetters = 1024 // replies of a socket that wait to be written
)

// After an error of reading.
const (
	readPause = 10 * time.Millisecond
	tellAgain = time.Second
)

// line is a socket with its reader and its writer. The reader never waits for the tracker.
type line struct {
	server *Server
	crew   *crew.Crew
	socket socket
	out    chan *letter
}

// letter is a packet on its way out.
type letter struct {
	body []byte
	info []byte // see anyInterface; empty if there is none
	to   net.Addr
}

var letters = sync.Pool{New: func() any {
	return &letter{body: make([]byte, 0, maxReply), info: make([]byte, 0, infoSize)}
}}

// newLetter is an empty reply to a packet.
func newLetter(to net.Addr, info []byte) *letter {
	l := letters.Get().(*letter)
	l.body, l.to = l.body[:0], to
	l.info = append(l.info[:0], info...)
	anyInterface(l.info)
	return l
}

// read takes packets until reading is done, and gives the tracker the time of work. An error
// concerns one packet, or passes, unless the socket is closed.
func (l *line) read(reading, work context.Context) error {
	messages := newMessages(packetSize)
	var told time.Time
	for {
		n, err := l.socket.batches.ReadBatch(messages, 0)
		switch {
		case err == nil:
			l.receive(work, messages[:n])
			continue
		case reading.Err() != nil:
			return nil //nolint:nilerr // it was woken
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("read from UDP socket: %w", err)
		}
		if time.Since(told) >= tellAgain {
			told = time.Now()
			l.server.log.Error("cannot read from UDP socket; it is read again", "error", err)
		}
		time.Sleep(readPause)
	}
}

func newMessages(size int) []ipv4.Message {
	messages := make([]ipv4.Message, batchSize)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, size)}
		messages[i].OOB = make([]byte, infoSize)
	}
	return messages
}

// receive takes packets that were read at once. The tracker is asked about all of them at
// the same time, so that the store can send them on in one go, and they have one deadline.
func (l *line) receive(work context.Context, messages []ipv4.Message) {
	s, now := l.server, time.Now()
	ctx, cancel := context.WithTimeout(work, s.opts.Timeout)
	var left atomic.Int64
	done := func() {
		if left.Add(-1) == 0 {
			cancel()
		}
	}
	left.Store(1) // this function
	defer done()
	for i := range messages {
		m := &messages[i]
		arrived, info := cutArrival(m.OOB[:m.NN])
		if !arrived.IsZero() && now.Sub(arrived) > s.opts.Timeout {
			s.metrics.count(late)
			continue
		}
		reply := newLetter(m.Addr, info)
		var r *request
		reply.body, r = s.receive(reply.body, m.Buffers[0][:m.N], clientOf(m.Addr), now)
		if r != nil && !s.admit() {
			reply.body, r = s.shed(reply.body, r), nil
		}
		if r == nil {
			l.post(reply)
			continue
		}
		left.Add(1)
		s.requests.Add(1)
		l.crew.Run(func() {
			defer s.requests.Done()
			defer done()
			defer s.pending.Add(-1)
			reply.body = s.answer(ctx, reply.body, r)
			l.post(reply)
		})
	}
}

// admit counts a request that the tracker is to be asked about, unless too many are
// pending.
func (s *Server) admit() bool {
	if n := s.pending.Add(1); s.maxPending > 0 && n > s.maxPending {
		s.pending.Add(-1)
		return false
	}
	return true
}

func clientOf(source net.Addr) netip.Addr {
	return tracker.PlainAddr(source.(*net.UDPAddr).AddrPort().Addr())
}

// post hands a reply to the writer. An empty one is none.
func (l *line) post(reply *letter) {
	if len(reply.body) == 0 {
		letters.Put(reply)
		return
	}
	l.out <- reply
}

// write sends replies, all that wait at once, until there are no more to come.
func (l *line) write() {
	messages := newMessages(0)
	waiting := make([]*letter, 0, batchSize)
	for first := range l.out {
		waiting = l.gather(append(waiting[:0], first))
		for i, reply := range waiting {
			messages[i].Buffers[0], messages[i].OOB, messages[i].Addr = reply.body, reply.info, reply.to
		}
		l.send(messages[:len(waiting)])
		for _, reply := range waiting {
			letters.Put(reply)
		}
	}
}

// gather adds the replies that wait by now.
func (l *line) gather(waiting []*letter) []*letter {
	for len(waiting) < batchSize {
		select {
		case reply, open := <-l.out:
			if !open {
				return waiting
			}
			waiting = append(waiting, reply)
		default:
			return waiting
		}
	}
	return waiting
}

// send sends a batch. The system takes it up to the first packet it refuses, such as one
// to a network that cannot be reached; that one is left out.
func (l *line) send(messages []ipv4.Message) {
	for len(messages) > 0 {
		n, err := l.socket.batches.WriteBatch(messages, 0)
		if err != nil {
			n = 1
			l.server.metrics.unsent.Inc()
		}
		messages = messages[n:]
	}
}
