package tracker

import "testing"

func TestTraitsOf(t *testing.T) {
	aria2 := Traits{NoKey: true, IgnoresFailures: true}
	rtorrent := Traits{IgnoresFailures: true, SlowNews: true}
	transmission3 := Traits{IgnoresFailures: true}
	for id, want := range map[string]Traits{
		"A2-1-36-0-a\xc9\x9a\xe6P\x9e\xf2.X ": aria2,
		"-lt0D80-xxxxxxxxxxxx":                rtorrent,
		"-TR3000-9ny7fny9kmnx":                transmission3,
		"-TR2940-9ny7fny9kmnx":                transmission3,
		"-TR1930-9ny7fny9kmnx":                transmission3,
		"-TR4050-9ny7fny9kmnx":                {},
		"-LT2080-le0BR5aEmEw_":                {}, // libtorrent, which is not rtorrent's libTorrent
		"-qB4520-xxxxxxxxxxxx":                {},
		"-DE203s-xxxxxxxxxxxx":                {},
		"A2xxxxxxxxxxxxxxxxxx":                {},
		"xA2-xxxxxxxxxxxxxxxx":                {},
		"\x00\x00\x00\x00xxxxxxxxxxxxxxxx":    {},
	} {
		id := PeerID([]byte(id))
		if got := TraitsOf(id); got != want {
			t.Errorf("%q: %+v, want %+v", id, got, want)
		}
		if allocations := testing.AllocsPerRun(100, func() { TraitsOf(id) }); allocations != 0 {
			t.Errorf("%q: %g allocations", id, allocations)
		}
	}
}

// Nobody is two kinds of client: the order of the table decides nothing.
func TestClientsExcludeEachOther(t *testing.T) {
	for i, a := range clients {
		for j, b := range clients {
			if i != j && len(b.prefix) >= len(a.prefix) && b.prefix[:len(a.prefix)] == a.prefix {
				t.Errorf("%s is a %s as well", b.prefix, a.prefix)
			}
		}
	}
}

// BenchmarkTraitsOf measures the longest way, that of a client without traits.
func BenchmarkTraitsOf(b *testing.B) {
	id := PeerID([]byte("-qB4520-xxxxxxxxxxxx"))
	b.ReportAllocs()
	for b.Loop() {
		TraitsOf(id)
	}
}
