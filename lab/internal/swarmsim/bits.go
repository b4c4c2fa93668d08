package swarmsim

import "math/bits"

// pieceSet is a set of pieces.
type pieceSet []uint64

func newPieceSet(pieces int) pieceSet { return make(pieceSet, (pieces+63)/64) }

func (s pieceSet) has(p int) bool { return s[p>>6]>>(p&63)&1 == 1 }
func (s pieceSet) add(p int)      { s[p>>6] |= 1 << (p & 63) }
func (s pieceSet) remove(p int)   { s[p>>6] &^= 1 << (p & 63) }

// within says whether all of s is in other.
func (s pieceSet) within(other pieceSet) bool {
	for i, word := range s {
		if word&^other[i] != 0 {
			return false
		}
	}
	return true
}

// lowest is the lowest piece in a word of the set.
func lowest(word uint64) int { return bits.TrailingZeros64(word) }
