package main

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker/metainfo"
)

func TestPopulationFillsRacksAndTransfers(t *testing.T) {
	for _, tt := range []struct {
		workload
		inRack, inTransfer, racksOfTransfer, transfersOfRack int
	}{
		{workload{1000, false}, 40, 20, 20, 40},
		{workload{10, false}, 40, 2000, 500, 10},
		{workload{10, true}, 40, 2000, 50, 1},
	} {
		c, err := newPopulation(20_000, 500, tt.workload)
		if err != nil {
			t.Fatal(err)
		}
		type rack = [3]byte
		addresses, racks, transfers := map[[4]byte]bool{}, map[rack]map[any]int{}, map[any]map[rack]int{}
		for _, h := range c.hosts {
			if h.addr[0] != 127 || h.addr[1] == 0 {
				t.Fatalf("address %v is not for hosts", h.addr)
			}
			addresses[h.addr] = true
			r := rack(h.addr[:3])
			count(racks, r, any(*h.hash))
			count(transfers, any(*h.hash), r)
		}
		if len(addresses) != 20_000 || len(racks) != 500 || len(transfers) != tt.transfers {
			t.Errorf("%s: %d addresses, %d racks, %d transfers", tt, len(addresses), len(racks), len(transfers))
		}
		for r, of := range racks {
			if sumOf(of) != tt.inRack || len(of) != tt.transfersOfRack {
				t.Fatalf("%s: rack %v has %d hosts of %d transfers", tt, r, sumOf(of), len(of))
			}
		}
		for hash, in := range transfers {
			if sumOf(in) != tt.inTransfer || len(in) != tt.racksOfTransfer {
				t.Fatalf("%s: transfer %x has %d hosts in %d racks", tt, hash, sumOf(in), len(in))
			}
		}
	}
}

func count[A, B comparable](table map[A]map[B]int, a A, b B) {
	if table[a] == nil {
		table[a] = map[B]int{}
	}
	table[a][b]++
}

func sumOf[K comparable](counts map[K]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func TestPopulationsThatDoNotFit(t *testing.T) {
	for _, tt := range []struct{ hosts, racks, transfers int }{
		{0, 1, 1},
		{1, 0, 1},
		{1, 1, 0},
		{255, 1, 1},
		{1000, maxRacks + 1, 1},
	} {
		if _, err := newPopulation(tt.hosts, tt.racks, workload{transfers: tt.transfers}); err == nil {
			t.Errorf("%+v: no error", tt)
		}
	}
}

// Each host announces before one announces again, and its events follow each other as a
// client's do.
func TestPopulationAnnounces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hosts := rapid.IntRange(1, 50).Draw(t, "hosts")
		c, err := newPopulation(hosts, 1, workload{transfers: 3})
		if err != nil {
			t.Fatal(err)
		}
		c.mix = mix{rapid.Float64Range(0, 0.5).Draw(t, "completed"), rapid.Float64Range(0, 0.5).Draw(t, "stopped")}
		gone := map[int]bool{}
		for round := range 10 {
			seen := map[int]bool{}
			for range hosts {
				a := c.announce()
				seen[a.number] = true
				if first := round == 0 || gone[a.number]; first != (a.event == eventStarted) {
					t.Fatalf("host %d says %d in round %d, gone: %t", a.number, a.event, round, gone[a.number])
				}
				if a.event == eventCompleted && a.left != 0 || a.event == eventStarted && a.left != payload {
					t.Fatalf("host %d says %d with %d left", a.number, a.event, a.left)
				}
				gone[a.number] = a.event == eventStopped
			}
			if len(seen) != hosts {
				t.Fatalf("%d of %d hosts announced in round %d", len(seen), hosts, round)
			}
		}
	})
}

// Whoever has joined before neither starts again nor does anything else without a mix.
func TestJoinedHostsDoNotStart(t *testing.T) {
	c, err := newPopulation(10, 2, workload{transfers: 1})
	if err != nil {
		t.Fatal(err)
	}
	c.join()
	for range 20 {
		if a := c.announce(); a.event != eventNone {
			t.Fatalf("host %d says %d", a.number, a.event)
		}
	}
}

func TestTorrents(t *testing.T) {
	seen := map[[20]byte]bool{}
	for _, w := range []workload{{10, false}, {10, true}, {11, false}} {
		for n := range 3 {
			file, hash := w.torrent(n)
			m, err := metainfo.Parse(file, "bench")
			if err != nil {
				t.Fatalf("%s, %d: %v", w, n, err)
			}
			if m.InfoHash != hash || m.Length != payload {
				t.Errorf("%s, %d: hash %x and length %d, want %x and %d", w, n, m.InfoHash, m.Length, hash, payload)
			}
			seen[hash] = true
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d of 9 hashes differ", len(seen))
	}
}
