package redisstore

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// TestSimultaneousStart: 5,000 hosts start within one second, and most clients do not ask again for
// minutes. So the graph of these first handouts must hold the swarm together by itself: it
// is connected, any two hosts are a few steps apart, and nobody is handed out many times more often
// than others, but for the representatives of a rack, who come first (R2).
func TestSimultaneousStart(t *testing.T) {
	for name, racks := range map[string]int{"one rack": 1, "representatives only": 2500} {
		t.Run(name, func(t *testing.T) {
			const hosts = 5000
			f := newFixture(t, testOptions(redistest.Start(t).Addr))
			hash := f.registerTransfer(t, 1)
			var mu sync.Mutex
			graph := make([][]int, hosts)
			handed := make([]int, hosts)
			total := 0
			inParallel(hosts, func(n int) {
				a := announceOf(hash, tracker.Location(fmt.Sprintf("r%d", n%racks)), n)
				h := f.announce(t, a)
				mu.Lock()
				defer mu.Unlock()
				first := 0 // representatives of the own rack
				if h.Represents == 0 {
					first = a.MaxReprRack
				}
				for i, peer := range h.Peers {
					other := hostNumber(peer)
					graph[n] = append(graph[n], other)
					graph[other] = append(graph[other], n)
					if i >= first {
						handed[other]++
						total++
					}
				}
			})
			mean := float64(total) / hosts
			if most := slices.Max(handed); float64(most) > 10*mean {
				t.Errorf("a host was handed out %d times, the mean is %.0f", most, mean)
			}
			for from := 0; from < hosts; from += 100 {
				if reached, steps := reach(graph, from); reached != hosts || steps > 4 {
					t.Fatalf("from host %d %d of %d are reached, the farthest in %d steps", from, reached, hosts, steps)
				}
			}
		})
	}
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
