package swarmsim

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// naiveShares are max-min fair rates by the definition: again and again, of all links that
// flows without a rate use, the one that can give each of them least decides theirs.
func naiveShares(capacity []float64, paths [][]int32) []float64 {
	rates := make([]float64, len(paths))
	for i := range rates {
		rates[i] = math.NaN()
	}
	for {
		least, at := math.Inf(1), -1
		for l := range capacity {
			free, open := capacity[l], 0.0
			for f, path := range paths {
				switch {
				case !slices.Contains(path, int32(l)):
				case math.IsNaN(rates[f]):
					open++
				default:
					free -= rates[f]
				}
			}
			if open > 0 && free/open < least {
				least, at = free/open, l
			}
		}
		if at < 0 {
			return rates
		}
		for f, path := range paths {
			if math.IsNaN(rates[f]) && slices.Contains(path, int32(at)) {
				rates[f] = least
			}
		}
	}
}

func drawNetwork(t *rapid.T) (*network, [][]int32) {
	n := &network{}
	for range rapid.IntRange(1, 12).Draw(t, "links") {
		n.add(float64(rapid.IntRange(1, 40).Draw(t, "capacity")))
	}
	link := rapid.Int32Range(0, int32(len(n.capacity)-1))
	path := rapid.SliceOfNDistinct(link, 1, min(5, len(n.capacity)), rapid.ID[int32])
	return n, rapid.SliceOfN(path, 0, 30).Draw(t, "paths")
}

// TestShareIsMaxMin compares rates with those of the definition, twice with the same network,
// since it keeps its slices.
func TestShareIsMaxMin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, paths := drawNetwork(t)
		for range 2 {
			rates := make([]float64, len(paths))
			n.share(paths, rates)
			for f, want := range naiveShares(n.capacity, paths) {
				if math.Abs(rates[f]-want) > 1e-9*want {
					t.Fatalf("flow %d over %v has %v, expected %v", f, paths[f], rates[f], want)
				}
			}
			paths = paths[:len(paths)/2]
		}
	})
}

// TestShareHasABottleneck: each flow crosses a full link on which no flow has more, and what
// links have to spare is what no flow uses.
func TestShareHasABottleneck(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, paths := drawNetwork(t)
		rates := make([]float64, len(paths))
		n.share(paths, rates)
		used, most := make([]float64, len(n.capacity)), make([]float64, len(n.capacity))
		for f, path := range paths {
			for _, l := range path {
				used[l] += rates[f]
				most[l] = max(most[l], rates[f])
			}
		}
		for l, spare := range n.spare {
			if math.Abs(n.capacity[l]-used[l]-spare) > 1e-9*n.capacity[l] {
				t.Fatalf("link %d of %v carries %v and has %v to spare", l, n.capacity[l], used[l], spare)
			}
		}
		for f, path := range paths {
			if !slices.ContainsFunc(path, func(l int32) bool { return n.spare[l] < 1e-9*n.capacity[l] && rates[f] >= most[l]*(1-1e-9) }) {
				t.Fatalf("flow %d over %v has %v, and could have more", f, path, rates[f])
			}
		}
	})
}
