package btudp

import (
	"crypto/subtle"
	"encoding/binary"
	"net/netip"
	"time"

	"github.com/dchest/siphash"
)

// A connection id shows that a client gets what is sent to its address, so that nobody
// can announce for others, or have replies sent to them (BEP 15). Nothing is kept of it:
//
//	byte 0      the step of 30 s in which it was made, modulo 256
//	bytes 1-7   a hash of that step, the whole of it, and the client's address,
//	            keyed with a secret that all frontends share
//
// So each frontend can tell whether any of them made it for this address, and when. The
// port is not part of it: NATs change it, and so do load balancers, with each packet.
//
// The hash is SipHash, which is made for this: a keyed hash of short texts that many can
// choose. It takes 21 ns, HMAC-SHA-256 186 ns and an instance for each goroutine, and
// HMAC-SHA-256 made anew 590 ns and 6 allocations. Nobody finds 56 bits by trying within
// the minutes in which they are worth something.

// An id is good for maxAge steps after its own, so for 4 to 4.5 minutes by one clock:
// 2 minutes are due to a client (BEP 15), and none keeps it for longer than 1. Another
// frontend's clock may be up to 30 s ahead or behind, and it is still good for 2 minutes,
// and for no more than 5.
const (
	stepTime = 30 * time.Second
	maxAge   = 8 // steps
	maxAhead = 1 // steps, by which the clock of the frontend that made it may be ahead
)

// Secret is what connection ids are made with.
type Secret = [16]byte

// Secrets are those of all frontends. They may be asked by any number of goroutines at
// once, for every packet, so they answer from memory.
type Secrets interface {
	// Secret returns the secret of an hour (unix time / 3,600), which is the same on
	// every frontend; that of the last hour before it that is known, if the store has
	// been away for so long; or ok is false if there is none at all.
	Secret(hour int64) (secret Secret, ok bool)
}

const stepsPerHour = int64(time.Hour / stepTime)

func stepAt(now time.Time) int64 { return now.Unix() / int64(stepTime/time.Second) }

// makeID makes a connection id. There is none while there is no secret.
func makeID(secrets Secrets, now time.Time, client netip.Addr) (id uint64, ok bool) {
	step := stepAt(now)
	secret, ok := secrets.Secret(step / stepsPerHour)
	if !ok {
		return 0, false
	}
	return idOf(secret, step, client), true
}

// isGood says whether a connection id was made for this client a short time ago. An id
// that was made before the secrets changed has that of its own hour.
func isGood(id uint64, secrets Secrets, now time.Time, client netip.Addr) bool {
	present := stepAt(now)
	age := int64(int8(byte(present) - byte(id>>56)))
	if age < -maxAhead || age > maxAge {
		return false
	}
	step := present - age
	secret, ok := secrets.Secret(step / stepsPerHour)
	return ok && equal(id, idOf(secret, step, client))
}

// idOf is never 0, which some clients take for none.
func idOf(secret Secret, step int64, client netip.Addr) uint64 {
	var text [8 + 16]byte
	binary.BigEndian.PutUint64(text[:], uint64(step))
	address := client.As16()
	copy(text[8:], address[:])
	k0, k1 := binary.LittleEndian.Uint64(secret[:]), binary.LittleEndian.Uint64(secret[8:])
	return max(uint64(step)<<56|siphash.Hash(k0, k1, text[:])>>8, 1)
}

// equal takes as long wherever they differ.
func equal(a, b uint64) bool {
	var x, y [8]byte
	binary.BigEndian.PutUint64(x[:], a)
	binary.BigEndian.PutUint64(y[:], b)
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
