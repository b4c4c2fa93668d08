package redisstore_test

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
)

// TestSimultaneousStart: 5,000 hosts start within one second, and most clients do not ask again for
// minutes. So the graph of these first handouts must hold the swarm together by itself: it
// is connected, any two of those who are handed out are a few steps apart, and nobody is handed out
// many times more often than they are in the mean, but for the representatives of a rack, who
// come first (R2). And no rack is left out: if all representatives let all their peers fetch alike, each is
// sent a part of what the mean is (0.22 to 0.38 of it was seen, since anybody may be handed out).
func TestSimultaneousStart(t *testing.T) {
	const hosts = 5000
	for name, test := range map[string]struct{ racks, handed int }{
		"one rack":             {1, hosts},
		"representatives only": {2500, 5000},
		"250 racks":            {250, 500},
		"258 racks":            {258, 516},
	} {
		t.Run(name, func(t *testing.T) {
			g := simultaneousStart(t, hosts, test.racks)
			mean := float64(g.total) / float64(test.handed)
			if most := slices.Max(g.handed); float64(most) > 10*mean {
				t.Errorf("a host was handed out %d times, the mean is %.0f", most, mean)
			}
			among := g.among(func(n int) bool { return test.racks == 1 || g.represents[n] })
			if least := least(among, g.represents); test.racks > 1 && least < 0.15 {
				t.Errorf("a representative is sent %.2f of the mean", least)
			}
			for from := 0; from < hosts; from += 100 {
				if reached, _ := reach(g.graph, from); reached != hosts {
					t.Fatalf("from host %d %d of %d are reached", from, reached, hosts)
				}
				if reached, steps := reach(among, from); len(among[from]) > 0 && (reached != test.handed || steps > 4) {
					t.Fatalf("from host %d %d of %d are reached, the farthest in %d steps", from, reached, test.handed, steps)
				}
			}
		})
	}
}

// firstHandouts is who was handed whom when all started.
type firstHandouts struct {
	graph      [][]int // both ways
	represents []bool
	handed     []int // how often, not counting representatives handed to their rack
	total      int   // of those
}

func simultaneousStart(t *testing.T, hosts, racks int) firstHandouts {
	f := storetest.New(t, storetest.Options(redistest.Start(t).Addr))
	hash := f.RegisterTransfer(t, 1)
	g := firstHandouts{graph: make([][]int, hosts), represents: make([]bool, hosts), handed: make([]int, hosts)}
	var mu sync.Mutex
	storetest.InParallel(hosts, func(n int) {
		a := storetest.AnnounceOf(hash, tracker.Location(fmt.Sprintf("r%d", n%racks)), n)
		h := f.MustAnnounce(t, a)
		mu.Lock()
		defer mu.Unlock()
		g.represents[n] = h.Represents > 0
		for i, peer := range h.Peers {
			other := storetest.HostNumber(peer)
			g.graph[n] = append(g.graph[n], other)
			g.graph[other] = append(g.graph[other], n)
			switch {
			case other%racks != n%racks || racks == 1 && h.Represents == 0 && i >= a.MaxReprRack:
				g.handed[other]++
				g.total++
			}
		}
	})
	return g
}

// among is the graph of some hosts only.
func (g firstHandouts) among(some func(int) bool) [][]int {
	graph := make([][]int, len(g.graph))
	for n := range graph {
		if some(n) {
			graph[n] = slices.DeleteFunc(slices.Clone(g.graph[n]), func(other int) bool { return !some(other) })
		}
	}
	return graph
}

// least is what the one of some hosts is sent that is sent least, as part of what each sends, if each shares
// that among all its peers alike.
func least(graph [][]int, some []bool) float64 {
	least := math.Inf(1)
	for n, peers := range graph {
		sent := 0.0
		for _, peer := range peers {
			sent += 1 / float64(len(graph[peer]))
		}
		if some[n] {
			least = min(least, sent)
		}
	}
	return least
}

// reach counts the hosts that can be reached, and how many steps the farthest is away.
func reach(graph [][]int, from int) (reached, steps int) {
	seen := make([]bool, len(graph))
	seen[from] = true
	for ring := []int{from}; len(ring) > 0; steps++ {
		reached += len(ring)
		var next []int
		for _, n := range ring {
			for _, other := range graph[n] {
				if !seen[other] {
					seen[other] = true
					next = append(next, other)
				}
			}
		}
		ring = next
	}
	return reached, steps - 1
}
