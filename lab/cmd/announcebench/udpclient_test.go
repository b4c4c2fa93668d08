package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
)

// udpTracker is a small one that keeps what BEP 15 says, and counts.
type udpTracker struct {
	net.PacketConn
	ids       map[netip.Addr]uint64
	connects  int
	announces int
	hosts     map[netip.Addr]bool
	wrong     int // announces whose id is another address's, or whose number is
	done      chan struct{}
}

func startUDPTracker(t *testing.T) *udpTracker {
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &udpTracker{PacketConn: conn, ids: map[netip.Addr]uint64{}, hosts: map[netip.Addr]bool{}, done: make(chan struct{})}
	go u.serve()
	return u
}

// stop ends the tracker, after which its counts may be read.
func (u *udpTracker) stop() {
	u.Close()
	<-u.done
}

func (u *udpTracker) serve() {
	defer close(u.done)
	packet := make([]byte, 2048)
	for {
		n, from, err := u.ReadFrom(packet)
		if err != nil {
			return
		}
		client := from.(*net.UDPAddr).AddrPort().Addr()
		_, _ = u.WriteTo(u.answer(packet[:n], client), from)
	}
}

func (u *udpTracker) answer(p []byte, client netip.Addr) []byte {
	transaction := binary.BigEndian.Uint32(p[12:])
	if len(p) == 16 {
		u.connects++
		u.ids[client] = uint64(u.connects) << 32
		dst := binary.BigEndian.AppendUint32(nil, actionConnect)
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(dst, transaction), u.ids[client])
	}
	u.announces++
	u.hosts[client] = true
	if id := u.ids[client]; id == 0 || id != binary.BigEndian.Uint64(p) {
		u.wrong++
		return append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, actionError), transaction), "wrong id"...)
	}
	dst := binary.BigEndian.AppendUint32(nil, actionAnnounce)
	dst = binary.BigEndian.AppendUint32(dst, transaction)
	return append(dst, make([]byte, 12+3*6)...)
}

// Each host speaks from its own address, connects once, and uses that id from then on.
func TestUDPHosts(t *testing.T) {
	u := startUDPTracker(t)
	if !answersUDP(u.LocalAddr().String()) {
		t.Error("a tracker that answers is not seen")
	}
	r := measure(t, "load", "--target", u.LocalAddr().String(), "--protocol", protocolUDP,
		"--hosts", "200", "--racks", "10", "--transfers", "4", "--connections", "8", "--rate", "1000", "--duration", "1s", "--deadline", "1m")
	u.stop()
	if want := (counts{Answered: 1000}); r.counts != want || r.PeersPerReply != 3 {
		t.Errorf("%+v with %v peers: %s", r.counts, r.PeersPerReply, r.Fault)
	}
	if u.connects != 200+1 || u.announces != 1200 || u.wrong != 0 || len(u.hosts) != 200 {
		t.Errorf("%d connects, %d announces of %d hosts, %d wrong", u.connects, u.announces, len(u.hosts), u.wrong)
	}
	for h := range u.hosts {
		if b := h.As4(); b[0] != 127 || b[1] != 1 || b[2] >= 10 {
			t.Errorf("host %v", h)
		}
	}
}

func TestNoUDP(t *testing.T) {
	if answersUDP(freeAddress(t)) {
		t.Error("nobody answers")
	}
}
