package swarmsim

import (
	"container/heap"
	"math"
	"slices"
)

// flow is data on its way to a host from one of its peers. It lasts as long as the peer lets
// the host have pieces, and has some that it lacks; requests are always ahead.
type flow struct {
	to    *peer // of the host that receives
	part  *part
	rate  float64
	since float64 // until when it has been counted
	index int     // in Sim.flows
	again origin  // what comes this way
}

// part is a piece on its way to a host, over one flow or, if nothing else is to be had over
// them, over several: real clients share the blocks of a piece likewise.
type part struct {
	to     *host
	piece  int
	left   float64 // bytes
	rate   float64
	since  float64 // when left was true
	flows  []*flow
	finish float64
	index  int // in Sim.parts; -1: nobody sends it
}

// begin lets data flow from a peer, if there is a reason to.
func (s *Sim) begin(p *peer) {
	if p.flow != nil || !p.wants || !p.mirror.unchokes {
		return
	}
	f := &flow{to: p, since: s.now, index: len(s.flows)}
	p.flow = f
	s.flows = append(s.flows, f)
	f.rate = math.Inf(1)
	for _, l := range p.path() {
		f.rate = min(f.rate, s.net.spare[l])
	}
	s.use(f, f.rate)
	s.stale = true
	s.fetch(f)
}

// end stops a flow. What it brought of a piece is kept.
func (s *Sim) end(f *flow) {
	s.settle(f)
	s.detach(f)
	s.use(f, -f.rate)
	last := len(s.flows) - 1
	s.flows[f.index] = s.flows[last]
	s.flows[f.index].index = f.index
	s.flows = s.flows[:last]
	f.to.flow = nil
	s.stale = true
}

// use takes from what links have to spare.
func (s *Sim) use(f *flow, rate float64) {
	for _, l := range f.to.path() {
		s.net.spare[l] = max(s.net.spare[l]-rate, 0)
	}
}

// settle counts what a flow has carried until now.
func (s *Sim) settle(f *flow) {
	bytes := f.rate * (s.now - f.since)
	f.since = s.now
	if bytes == 0 {
		return
	}
	for _, l := range f.to.path() {
		s.net.carried[l] += bytes
	}
	f.to.received += bytes
	f.to.self.received += bytes
	f.to.mirror.sent += bytes
	if f.again != inside {
		f.to.self.groups[0].imported[f.again] += bytes
	}
}

// fetch lets a flow bring a piece.
func (s *Sim) fetch(f *flow) {
	pt := s.pick(f.to)
	f.part = pt
	f.again = f.to.origin(pt)
	s.advance(pt)
	pt.flows = append(pt.flows, f)
	s.aim(pt)
}

// detach takes a flow off its part.
func (s *Sim) detach(f *flow) {
	pt := f.part
	if pt == nil {
		return
	}
	s.advance(pt)
	pt.flows = slices.DeleteFunc(pt.flows, func(other *flow) bool { return other == f })
	f.part = nil
	s.aim(pt)
}

// advance brings a part up to date.
func (s *Sim) advance(pt *part) {
	pt.left = max(pt.left-pt.rate*(s.now-pt.since), 0)
	pt.since = s.now
}

// aim finds out when a part is complete. It is up to date.
func (s *Sim) aim(pt *part) {
	pt.target(s.now)
	switch {
	case len(pt.flows) == 0 && pt.index >= 0:
		heap.Remove(&s.parts, pt.index)
	case len(pt.flows) == 0:
	case pt.index < 0:
		heap.Push(&s.parts, pt)
	default:
		heap.Fix(&s.parts, pt.index)
	}
}

func (pt *part) target(now float64) {
	pt.rate = 0
	for _, f := range pt.flows {
		pt.rate += f.rate
	}
	pt.finish = math.Inf(1)
	if pt.rate > 0 {
		pt.finish = now + pt.left/pt.rate
	}
}

// shareLinks gives all flows their rates anew.
func (s *Sim) shareLinks() {
	s.stale, s.sharedAt = false, s.now
	s.paths, s.rates = s.paths[:0], slices.Grow(s.rates[:0], len(s.flows))[:len(s.flows)]
	for _, f := range s.flows {
		s.settle(f)
		s.paths = append(s.paths, f.to.path())
	}
	s.net.share(s.paths, s.rates)
	for i, f := range s.flows {
		f.rate = s.rates[i]
	}
	for _, pt := range s.parts {
		s.advance(pt)
		pt.target(s.now)
	}
	heap.Init(&s.parts)
}

// finish gives a host the piece that it has all of now.
func (s *Sim) finish(pt *part) {
	pt.left, pt.since = 0, s.now
	flows := pt.flows
	for _, f := range flows {
		s.settle(f)
		f.part = nil
	}
	pt.flows = nil
	heap.Remove(&s.parts, pt.index)
	h := pt.to
	h.drop(pt)
	s.gain(h, pt.piece)
	for _, f := range flows {
		switch {
		case f.to.flow != f: // it has ended meanwhile
		case f.to.wants:
			s.fetch(f)
		default:
			s.end(f)
			s.loseInterest(f.to)
		}
	}
}

type partHeap []*part

func (h partHeap) Len() int { return len(h) }
func (h partHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if a.finish != b.finish {
		return a.finish < b.finish
	}
	return a.to.id < b.to.id || a.to.id == b.to.id && a.piece < b.piece
}

func (h partHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *partHeap) Push(x any) {
	pt := x.(*part)
	pt.index = len(*h)
	*h = append(*h, pt)
}

func (h *partHeap) Pop() any {
	last := len(*h) - 1
	pt := (*h)[last]
	pt.index = -1
	(*h)[last] = nil
	*h = (*h)[:last]
	return pt
}
