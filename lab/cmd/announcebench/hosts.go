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

// population is all hosts. They announce one after the other in an order that looks random, so
// that neighbours in it share neither rack nor transfer.
type population struct {
	hosts  []host
	order  []int
	next   int
	mix    mix
	want   int
	random *rand.Rand
}

// workload is how a population is spread over transfers: a rack's hosts are in one transfer
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

// newPopulation fills racks with hosts, none of whom has announced. Hosts whose numbers follow
// each other are in one rack.
func newPopulation(hosts, racks int, w workload) (*population, error) {
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
	p := &population{hosts: make([]host, hosts), random: rand.New(rand.NewPCG(1, 2))}
	each := (hosts + racks - 1) / racks
	for n := range p.hosts {
		p.hosts[n] = host{
			number: n, addr: address(n/each, n%each), hash: &hashes[w.transfer(n, hosts)], left: payload, gone: true,
		}
	}
	p.order = p.random.Perm(hosts)
	return p, nil
}

// join makes hosts of those that have announced before.
func (p *population) join() {
	for n := range p.hosts {
		p.hosts[n].gone = false
	}
}

func address(rack, n int) [4]byte {
	return [4]byte{127, byte(1 + rack>>8), byte(rack), byte(1 + n)}
}

// announce is the next one of the next host.
func (p *population) announce() announce {
	h := &p.hosts[p.order[p.next]]
	p.next = (p.next + 1) % len(p.order)
	return announce{host: h, event: h.act(p.mix, p.random.Float64()), want: p.want}
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
