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

	"github.com/p2ptracker/p2ptracker/internal/workerpool"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// Bounds of what is held at once.
const (
	batchSize  = 64   // packets that are read, or written, by one system call
	packetSize = 2048 // bytes of a packet; of one that is longer than an Ethernet frame the rest is lost
	maxQueued  = 1024 // replies of a socket that wait to be written
)

// After an error of reading.
const (
	readPause = 10 * time.Millisecond
	logPause  = time.Second
)

// transport is a socket with its reader and its writer. The reader never waits for the tracker.
type transport struct {
	server  *Server
	workers *workerpool.Pool
	socket  socket
	out     chan *outPacket
}

// outPacket is a reply to a packet.
type outPacket struct {
	body []byte
	info []byte // see anyInterface; empty if there is none
	to   net.Addr
}

var outPackets = sync.Pool{New: func() any {
	return &outPacket{body: make([]byte, 0, maxReply), info: make([]byte, 0, infoSize)}
}}

// newOutPacket is an empty reply to a packet.
func newOutPacket(to net.Addr, info []byte) *outPacket {
	p := outPackets.Get().(*outPacket)
	p.body, p.to = p.body[:0], to
	p.info = append(p.info[:0], info...)
	anyInterface(p.info)
	return p
}

// read takes packets until reading is done, and gives the tracker the time of work. An error
// concerns one packet, or passes, unless the socket is closed.
func (t *transport) read(reading, work context.Context) error {
	messages := newMessages(packetSize)
	var logged time.Time
	for {
		n, err := t.socket.batches.ReadBatch(messages, 0)
		switch {
		case err == nil:
			t.receive(work, messages[:n])
			continue
		case reading.Err() != nil:
			return nil //nolint:nilerr // it was woken
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("read from UDP socket: %w", err)
		}
		if time.Since(logged) >= logPause {
			logged = time.Now()
			t.server.log.Error("cannot read from UDP socket; it is read again", "error", err)
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
func (t *transport) receive(work context.Context, messages []ipv4.Message) {
	s, now := t.server, time.Now()
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
		reply := newOutPacket(m.Addr, info)
		var r *request
		reply.body, r = s.receive(reply.body, m.Buffers[0][:m.N], clientOf(m.Addr), now)
		if r != nil && !s.requests.Admit() {
			reply.body, r = s.fail(reply.body, r, tracker.ErrBusy), nil
		}
		if r == nil {
			t.enqueue(reply)
			continue
		}
		left.Add(1)
		s.answering.Add(1)
		t.workers.Run(func() {
			defer s.answering.Done()
			defer done()
			defer s.requests.Done()
			reply.body = s.answer(ctx, reply.body, r)
			t.enqueue(reply)
		})
	}
}

func clientOf(source net.Addr) netip.Addr {
	return tracker.PlainAddr(source.(*net.UDPAddr).AddrPort().Addr())
}

// enqueue hands a reply to the writer. An empty one is none.
func (t *transport) enqueue(reply *outPacket) {
	if len(reply.body) == 0 {
		outPackets.Put(reply)
		return
	}
	t.out <- reply
}

// write sends replies, all that wait at once, until there are no more to come.
func (t *transport) write() {
	messages := newMessages(0)
	waiting := make([]*outPacket, 0, batchSize)
	for first := range t.out {
		waiting = t.gather(append(waiting[:0], first))
		for i, reply := range waiting {
			messages[i].Buffers[0], messages[i].OOB, messages[i].Addr = reply.body, reply.info, reply.to
		}
		t.send(messages[:len(waiting)])
		for _, reply := range waiting {
			outPackets.Put(reply)
		}
	}
}

// gather adds the replies that wait by now.
func (t *transport) gather(waiting []*outPacket) []*outPacket {
	for len(waiting) < batchSize {
		select {
		case reply, open := <-t.out:
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
func (t *transport) send(messages []ipv4.Message) {
	for len(messages) > 0 {
		n, err := t.socket.batches.WriteBatch(messages, 0)
		if err != nil {
			n = 1
			t.server.metrics.unsent.Inc()
		}
		messages = messages[n:]
	}
}
