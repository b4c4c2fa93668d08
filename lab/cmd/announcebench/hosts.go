package main

import (
	"crypto/sha1"
	"fmt"
	"math/rand/v2"
)

const (
	// payload is the length of each torrent's payload in bytes: one piece.
	payload = 1 << 14
	// rackSize is how many hosts of a rack have an address: its network is a /24.
	rackSize = 254
	// maxRacks are the networks in 127.1.0.0 to 127.255.255.0; 127.0 is for servers.
	maxRacks = 255 << 8
	peerPort = 6881
)

// event is what a host says happened, in BEP 15's order and numbers.
type event uint32

const (
	eventNone event = iota
	eventCompleted
	eventStarted
	eventStopped
)

// host is a client of one transfer. Its address is one of the loopback, in the network
// of its rack: 127.1.3.7 is the seventh host of the third rack.
type host struct {
	number int
	addr   [4]byte
	hash   *[sha1.Size]byte
	left   uint64 // bytes
	gone   bool   // stopped, or has never announced

	connection connection // UDP: what the tracker let it in with
}

// announce is what a host says.
type announce struct {
	*host
	event
	want int // peers
}

// mix says how many announces, of one, have an event; the others have none. As many hosts
// start again as stop.
type mix struct{ completed, stopped float64 }

// crowd is all hosts. They announce one after the other in an order that looks random, so
// that neighbours in it share neither rack nor transfer.
type crowd struct {
	hosts  []host
	order  []int
	next   int
	mix    mix
	want   int
	random *rand.Rand
}

// workload is how a crowd is spread over transfers: a rack's hosts are in one transfer
// after the other; or together, so that a transfer has whole racks.
type workload struct {
	transfers int
	together  bool
}

func (w workload) String() string {
	if w.together {
		return fmt.Sprintf("%d transfers, whole racks", w.transfers)
	}
	return fmt.Sprintf("%d transfers", w.transfers)
}

// transfer is the one that host number n of so many is in.
func (w workload) transfer(n, hosts int) int {
	if w.together {
		return n * w.transfers / hosts
	}
	return n % w.transfers
}

// torrentName tells the torrents of different workloads apart.
func (w workload) torrentName(n int) string {
	return fmt.Sprintf("bench-%d-%t-%d", w.transfers, w.together, n)
}

// torrent makes the torrent of transfer number n, and its info hash.
func (w workload) torrent(n int) (file []byte, hash [sha1.Size]byte) {
	name := w.torrentName(n)
	info := fmt.Sprintf("d6:lengthi%de4:name%d:%s12:piece lengthi%de6:pieces20:%020de", payload, len(name), name, payload, n)
	return []byte("d4:info" + info + "e"), sha1.Sum([]byte(info))
}

// newCrowd fills racks with hosts, none of whom has announced. Hosts whose numbers follow
// each other are in one rack.
func newCrowd(hosts, racks int, w workload) (*crowd, error) {
	switch {
	case hosts < 1 || racks < 1 || w.transfers < 1:
		return nil, fmt.Errorf("--hosts, --racks, --transfers: must be 1 at least")
	case racks > maxRacks:
		return nil, fmt.Errorf("--racks: there are networks for %d, not for %d", maxRacks, racks)
	case (hosts+racks-1)/racks > rackSize:
		return nil, fmt.Errorf("--hosts: %d racks hold %d, not %d", racks, racks*rackSize, hosts)
	}
	hashes := make([][sha1.Size]byte, w.transfers)
	for n := range hashes {
		_, hashes[n] = w.torrent(n)
	}
	c := &crowd{hosts: make([]host, hosts), random: rand.New(rand.NewPCG(1, 2))}
	each := (hosts + racks - 1) / racks
	for n := range c.hosts {
		c.hosts[n] = host{
			number: n, addr: address(n/each, n%each), hash: &hashes[w.transfer(n, hosts)], left: payload, gone: true,
		}
	}
	c.order = c.random.Perm(hosts)
	return c, nil
}

// join makes hosts of those that have announced before.
func (c *crowd) join() {
	for n := range c.hosts {
		c.hosts[n].gone = false
	}
}

func address(rack, n int) [4]byte {
	return [4]byte{127, byte(1 + rack>>8), byte(rack), byte(1 + n)}
}

// announce is the next one of the next host.
func (c *crowd) announce() announce {
	h := &c.hosts[c.order[c.next]]
	c.next = (c.next + 1) % len(c.order)
	return announce{host: h, event: h.act(c.mix, c.random.Float64()), want: c.want}
}

// act decides by a random number in [0, 1) what happens to the host.
func (h *host) act(m mix, chance float64) event {
	switch {
	case h.gone:
		h.gone, h.left = false, payload
		return eventStarted
	case chance < m.stopped:
		h.gone = true
		return eventStopped
	case chance < m.stopped+m.completed && h.left > 0:
		h.left = 0
		return eventCompleted
	}
	return eventNone
}
