package btudp

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// hourly has a secret of its own for each hour.
type hourly struct{}

func (hourly) Secret(hour int64) (s Secret, _ bool) {
	binary.BigEndian.PutUint64(s[:], uint64(hour))
	return s, true
}

// naiveID makes a connection id by the words of connectionid.go.
func naiveID(secrets Secrets, step int64, client netip.Addr) uint64 {
	secret, _ := secrets.Secret(step * 30 / 3600)
	address := client.As16()
	text := append(binary.BigEndian.AppendUint64(nil, uint64(step)), address[:]...)
	var id [8]byte
	id[0] = byte(step % 256)
	hash := binary.BigEndian.AppendUint64(nil, sipHash(secret, text))
	copy(id[1:], hash[:7])
	return be64(id[:])
}

// naiveGood compares an id with all those that are good now.
func naiveGood(id uint64, secrets Secrets, now time.Time, client netip.Addr) bool {
	for step := now.Unix()/30 - 8; step <= now.Unix()/30+1; step++ {
		if id == naiveID(secrets, step, client) {
			return true
		}
	}
	return false
}

// sipHash is SipHash-2-4, by the paper (Aumasson and Bernstein, 2012), for texts of whole
// words.
func sipHash(key [16]byte, text []byte) uint64 {
	k0, k1 := binary.LittleEndian.Uint64(key[:]), binary.LittleEndian.Uint64(key[8:])
	v0, v1, v2, v3 := k0^0x736f6d6570736575, k1^0x646f72616e646f6d, k0^0x6c7967656e657261, k1^0x7465646279746573
	round := func() {
		v0, v2 = v0+v1, v2+v3
		v1, v3 = bits.RotateLeft64(v1, 13)^v0, bits.RotateLeft64(v3, 16)^v2
		v0 = bits.RotateLeft64(v0, 32)
		v2, v0 = v2+v1, v0+v3
		v1, v3 = bits.RotateLeft64(v1, 17)^v2, bits.RotateLeft64(v3, 21)^v0
		v2 = bits.RotateLeft64(v2, 32)
	}
	words := binary.LittleEndian.AppendUint64(text[:len(text):len(text)], uint64(len(text))<<56)
	for ; len(words) > 0; words = words[8:] {
		m := binary.LittleEndian.Uint64(words)
		v3 ^= m
		round()
		round()
		v0 ^= m
	}
	v2 ^= 0xff
	for range 4 {
		round()
	}
	return v0 ^ v1 ^ v2 ^ v3
}

var genClient = rapid.Custom(func(t *rapid.T) netip.Addr {
	if rapid.Bool().Draw(t, "ipv4") {
		return netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "address")))
	}
	return netip.AddrFrom16([16]byte(append([]byte{0x20}, rapid.SliceOfN(rapid.Byte(), 15, 15).Draw(t, "address")...)))
})

// Moments of several hours, so that secrets change and the byte of the step comes back.
var genMoment = rapid.Custom(func(t *rapid.T) time.Time {
	return time.Unix(1_800_000_000+rapid.Int64Range(0, 4*3600).Draw(t, "second"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns"))
})

func TestConnectionIDAsTheNaiveOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		made, now := genMoment.Draw(t, "made"), genMoment.Draw(t, "now")
		if rapid.Bool().Draw(t, "soon") {
			now = made.Add(time.Duration(rapid.Int64Range(-100, 400).Draw(t, "later")) * time.Second)
		}
		client := genClient.Draw(t, "client")
		id, ok := makeID(hourly{}, made, client)
		if !ok || id != naiveID(hourly{}, made.Unix()/30, client) {
			t.Fatalf("id is %x, %t", id, ok)
		}
		if got, want := isGood(id, hourly{}, now, client), naiveGood(id, hourly{}, now, client); got != want {
			t.Fatalf("good: %t, want %t", got, want)
		}
	})
}

// What a client is due, with clocks that differ by up to 30 s: an id is good for 2 minutes,
// and not after 5; whatever secrets changed meanwhile.
func TestConnectionIDTimes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		made, client := genMoment.Draw(t, "made"), genClient.Draw(t, "client")
		skew := time.Duration(rapid.Int64Range(-30e9, 30e9).Draw(t, "skew"))
		id, _ := makeID(hourly{}, made, client)
		within := time.Duration(rapid.Int64Range(0, 120e9).Draw(t, "within"))
		if !isGood(id, hourly{}, made.Add(within+skew), client) {
			t.Fatalf("not good after %v", within)
		}
		after := time.Duration(rapid.Int64Range(300e9, 4*3600e9).Draw(t, "after"))
		if isGood(id, hourly{}, made.Add(after+skew), client) {
			t.Fatalf("good after %v", after)
		}
	})
}

// Nobody else's is good: not with another bit, for another address, or by another secret.
func TestConnectionIDIsOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now, client := genMoment.Draw(t, "now"), genClient.Draw(t, "client")
		id, _ := makeID(hourly{}, now, client)
		if isGood(id^1<<rapid.IntRange(0, 63).Draw(t, "bit"), hourly{}, now, client) {
			t.Fatal("another id is good")
		}
		if other := genClient.Draw(t, "other"); other != client && isGood(id, hourly{}, now, other) {
			t.Fatal("good for another address")
		}
		if isGood(id, someSecret, now, client) {
			t.Fatal("good with another secret")
		}
	})
}

// An IPv4 client is the same over a socket of both families: see tracker.PlainAddr.
func TestConnectionIDOfMappedAddress(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	plain, _ := makeID(someSecret, now, client4)
	mapped, _ := makeID(someSecret, now, netip.AddrFrom16(client4.As16()))
	if plain != mapped {
		t.Errorf("%x and %x", plain, mapped)
	}
}

func TestNoSecret(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	if _, ok := makeID(fixedSecrets{}, now, client4); ok {
		t.Error("an id was made without a secret")
	}
	if isGood(idOf(Secret{}, stepAt(now), client4), fixedSecrets{}, now, client4) {
		t.Error("an id is good without a secret")
	}
}
