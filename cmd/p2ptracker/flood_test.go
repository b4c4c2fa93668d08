package main

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/redis/rueidis"

	"github.com/p2ptracker/p2ptracker/internal/redistest"
)

// flooded is the real program on a real Redis, as a stranger sees it.
type flooded struct {
	*testing.T
	address string
	redis   rueidis.Client
}

func newFlooded(t *testing.T, settings ...string) flooded {
	t.Helper()
	at := redistest.Start(t).Addr
	redis, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{at}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(redis.Close)
	host, redisPort, err := net.SplitHostPort(at)
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	_, stderr := startProgram(t, append(settings, "PORT="+port, "REDISHOST="+host, "REDISPORT="+redisPort, "AUTO_REGISTER=true")...)
	f := flooded{t, "127.0.0.1:" + port, redis}
	if err := awaitURL("http://" + f.address + "/readyz"); err != nil {
		t.Fatal(err, stderr)
	}
	return f
}

// each calls something for n numbers, a few at a time.
func (f flooded) each(n int, call func(n int)) {
	var callers sync.WaitGroup
	for first := range 8 {
		callers.Go(func() {
			for i := first; i < n; i += 8 {
				call(i)
			}
		})
	}
	callers.Wait()
}

// announce announces a client over HTTP, of a transfer with a number, and returns the reply.
func (f flooded) announce(transfer, n int, more string) string {
	reply, err := getURL(fmt.Sprintf("http://%s/announce?info_hash=%020d&peer_id=-XX0001-%012d&port=%d&left=9&compact=1%s",
		f.address, transfer, n, 1+n, more))
	if err != nil {
		f.Error(err)
	}
	return string(reply)
}

func (f flooded) number(command ...string) int {
	f.Helper()
	n, err := f.redis.Do(f.Context(), f.redis.B().Arbitrary(command...).Build()).AsInt64()
	if err != nil {
		f.Fatal(err)
	}
	return int(n)
}

// memory is what Redis has allocated.
func (f flooded) memory() int {
	f.Helper()
	info, err := f.redis.Do(f.Context(), f.redis.B().Info().Section("memory").Build()).ToString()
	if err != nil {
		f.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	digits, _, _ := strings.Cut(rest, "\r")
	n, _ := strconv.Atoi(digits)
	return n
}

// One source announces with ever new peer ids and ports, over HTTP and UDP. A host elsewhere is served as ever.
func TestOneAddressHoldsFewHosts(t *testing.T) {
	const most, announces = 256, 5_000
	f := newFlooded(t, "TRUST_IP_PARAM=127.0.0.0/8")
	peers := fmt.Sprintf("{%s}:peers:N", hexOf(1))
	f.each(most, func(n int) { f.announce(1, n, "") })
	if n := f.number("SCARD", peers); n != most {
		t.Fatalf("%d hosts, expected %d", n, most)
	}
	before := f.memory()
	f.each(announces, func(n int) {
		if reply := f.announce(1, most+n, ""); !strings.Contains(reply, "too many hosts at this address") {
			t.Errorf("host %d: %q", n, reply)
		}
	})
	client := newUDPClient(t, f.address)
	for n := range announces {
		packet := client.packet(fmt.Sprintf("%020d", 1), fmt.Sprintf("-UD0001-%012d", n), uint16(10_000+n))
		if reply := client.ask(packet); !bytes.Contains(reply, []byte("too many hosts at this address")) {
			t.Fatalf("host %d over UDP: %q", n, reply)
		}
	}
	if n := f.number("SCARD", peers); n != most {
		t.Errorf("%d hosts, expected %d", n, most)
	}
	if grown := f.memory() - before; grown > 1<<20 {
		t.Errorf("Redis has grown by %d bytes", grown)
	}
	if reply := f.announce(1, 1, "&ip=10.1.2.3"); !strings.Contains(reply, "5:peers12:") {
		t.Errorf("a host elsewhere: %q", reply)
	}
	// Whoever leaves makes room.
	f.announce(1, 7, "&event=stopped")
	if reply := f.announce(1, most, ""); strings.Contains(reply, "failure") {
		t.Errorf("there is room: %q", reply)
	}
	if n := f.number("SCARD", peers); n != most+1 {
		t.Errorf("%d hosts, expected %d", n, most+1)
	}
}

// A stranger announces ever new info hashes. As many become transfers as may, and the one that an operator
// registered is served as ever.
func TestStrangersRegisterFewTransfers(t *testing.T) {
	const most, hashes = 100, 3_000
	f := newFlooded(t, "AUTO_REGISTER_MAX="+strconv.Itoa(most), "PEER_TTL=2", "ACTIVE_INTERVAL=1")
	uploaded := f.upload()
	f.each(hashes, func(n int) { f.announce(n, n, "&event=started") })
	if n := f.active() - 1; n > most || n < 1 {
		t.Errorf("%d transfers registered themselves, at most %d may", n, most)
	}
	if n := f.number("ZCARD", "self_registered"); n > most {
		t.Errorf("%d are kept", n)
	}
	f.each(hashes, func(n int) { f.announce(hashes+n, n, "&event=stopped") })
	if n := f.active() - 1; n > most {
		t.Errorf("%d transfers registered themselves, at most %d may", n, most)
	}
	reply, err := getURL(fmt.Sprintf("http://%s/transfers/%s.json", f.address, uploaded))
	if err != nil || !bytes.Contains(reply, []byte(`"active": true`)) {
		t.Errorf("the uploaded one: %s, %v", reply, err)
	}
}

// upload registers a torrent as an operator does, and returns its info hash.
func (f flooded) upload() string {
	f.Helper()
	var reply registered
	file := "d8:announce30:http://127.0.0.1:6969/announce4:info" + infoOf(1, privately) + "e"
	if status := call(f.T, http.MethodPost, "http://"+f.address+"/torrents/push.torrent", "", []byte(file), &reply); status != http.StatusCreated {
		f.Fatalf("status %d, %+v", status, reply)
	}
	return reply.Hash
}

// active counts the transfers that announces find active.
func (f flooded) active() int {
	f.Helper()
	keys, err := f.redis.Do(f.Context(), f.redis.B().Keys().Pattern("{*}:registered").Build()).AsStrSlice()
	if err != nil {
		f.Fatal(err)
	}
	return len(keys)
}

// hexOf is how Redis and REST have the info hash of a transfer with a number.
func hexOf(transfer int) string {
	return strings.ToUpper(fmt.Sprintf("%x", fmt.Sprintf("%020d", transfer)))
}
