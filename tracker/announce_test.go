package tracker

import (
	"math"
	"testing"
)

func TestKnownLeft(t *testing.T) {
	for said, want := range map[uint64]uint64{
		0: 0, 1: 1, 300_000: 300_000,
		1 << 43:            1 << 43, // 8 TiB
		1<<43 + 1:          LeftUnknown,
		1<<53 - 1:          LeftUnknown,
		math.MaxInt64:      LeftUnknown, // transmission with a magnet link
		math.MaxUint64:     LeftUnknown, // -1 over UDP
		math.MaxUint64 - 1: LeftUnknown,
	} {
		if got := KnownLeft(said); got != want {
			t.Errorf("%d: %d, want %d", said, got, want)
		}
	}
	if sum := uint64(1_000_000) * MaxLeft; sum > math.MaxInt64 {
		t.Errorf("a million hosts lack %d bytes, which no sum in Redis holds", sum)
	}
}
