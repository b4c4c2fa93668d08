package redisstore

// Of the representatives of a group one leads, see lua/include/lead.lua. The others stand by: they are
// handed no peers from outside, or few, until they lead.

// standBy leaves few peers of the swarm around a group that another host leads.
func (s *sighting) standBy(self string, few int) {
	s.others = steady(self, s.others, few)
	s.most = len(s.others)
}

// steady chooses n contacts for a host: the same ones each time, as long as they are in view, since
// a client adds those that it is handed to those that it has.
func steady(self string, contacts []string, n int) []string {
	n = min(n, len(contacts))
	own := digest(fnvOffset, self)
	for i := range n {
		best, least := i, digest(own, contacts[i])
		for j := i + 1; j < len(contacts); j++ {
			if d := digest(own, contacts[j]); d < least {
				best, least = j, d
			}
		}
		contacts[i], contacts[best] = contacts[best], contacts[i]
	}
	return contacts[:n]
}

const fnvOffset, fnvPrime = 0xcbf29ce484222325, 0x100000001b3

// digest is FNV-1a, the same in every frontend.
func digest(d uint64, text string) uint64 {
	for i := range len(text) {
		d = (d ^ uint64(text[i])) * fnvPrime
	}
	return d
}
