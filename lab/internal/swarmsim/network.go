package swarmsim

import "slices"

// network are the links. Each has two directions, and each direction is one of these.
type network struct {
	capacity []float64
	carried  []float64 // bytes
	spare    []float64 // what no flow uses

	// Of share: what is free of a link, how many flows on it have no rate yet, and where
	// its flows stand in members.
	free    []float64
	open    []int
	first   []int
	members []int32
	heap    linkHeap
}

func (n *network) add(capacity float64) int32 {
	n.capacity = append(n.capacity, capacity)
	n.carried = append(n.carried, 0)
	n.spare = append(n.spare, capacity)
	return int32(len(n.capacity) - 1)
}

// share gives each flow its max-min fair rate: none can have more, but at the cost of one
// that has no more than it. It fills links in the order in which they get full. A link's share
// for each flow without a rate only grows as other links fill up, so that a link on the heap
// is looked at again only when its turn seems to come.
func (n *network) share(paths [][]int32, rates []float64) {
	n.prepare(paths)
	for i := range rates {
		rates[i] = -1
	}
	for len(n.heap) > 0 {
		top := n.heap[0]
		if n.open[top.link] == 0 {
			n.heap.pop()
			continue
		}
		fair := max(n.free[top.link], 0) / float64(n.open[top.link])
		if fair > top.share {
			n.heap[0].share = fair
			n.heap.down(0)
			continue
		}
		n.heap.pop()
		for _, f := range n.members[n.first[top.link]:n.first[top.link+1]] {
			if rates[f] >= 0 {
				continue
			}
			rates[f] = fair
			for _, l := range paths[f] {
				n.free[l] -= fair
				n.open[l]--
			}
		}
	}
	for l := range n.spare {
		n.spare[l] = max(n.free[l], 0)
	}
}

// prepare lists the flows of each link.
func (n *network) prepare(paths [][]int32) {
	links := len(n.capacity)
	n.free = append(n.free[:0], n.capacity...)
	n.open = resized(n.open, links)
	n.first = resized(n.first, links+1)
	total := 0
	for _, path := range paths {
		total += len(path)
		for _, l := range path {
			n.open[l]++
		}
	}
	for l := range links {
		n.first[l+1] = n.first[l] + n.open[l]
	}
	if cap(n.members) < total {
		n.members = make([]int32, total, 2*total)
	}
	n.members = n.members[:total]
	for f, path := range slices.Backward(paths) {
		for _, l := range path {
			n.open[l]--
			n.members[n.first[l]+n.open[l]] = int32(f)
		}
	}
	n.heap = n.heap[:0]
	for l := range links {
		if n.open[l] = n.first[l+1] - n.first[l]; n.open[l] > 0 {
			n.heap = append(n.heap, linkShare{n.capacity[l] / float64(n.open[l]), int32(l)})
		}
	}
	for i := len(n.heap)/2 - 1; i >= 0; i-- {
		n.heap.down(i)
	}
}

// resized is a slice of n zeros.
func resized(s []int, n int) []int {
	if cap(s) < n {
		return make([]int, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// linkHeap has links by what they can give each flow, the least first. It is not
// container/heap's since most of the time of a run goes here.
type linkHeap []linkShare

type linkShare struct {
	share float64
	link  int32
}

func (h linkHeap) less(i, j int) bool {
	return h[i].share < h[j].share || h[i].share == h[j].share && h[i].link < h[j].link
}

func (h linkHeap) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

func (h *linkHeap) pop() {
	last := len(*h) - 1
	(*h)[0] = (*h)[last]
	*h = (*h)[:last]
	h.down(0)
}
