package swarmsim

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/lab/internal/experiment"
	"github.com/p2ptracker/p2ptracker/tracker"
)

// everybody hands out all hosts that announced before, in random order.
type everybody struct {
	rng  *rand.Rand
	seen []netip.AddrPort
}

func newEverybody() *everybody { return &everybody{rng: rand.New(rand.NewPCG(1, 1))} }

func (e *everybody) Announce(_ time.Duration, a tracker.Announce) (h tracker.Handout, _ error) {
	for _, i := range e.rng.Perm(len(e.seen)) {
		h.Peers = append(h.Peers, tracker.Peer{Addr4: e.seen[i]})
	}
	if a.Event == tracker.EventStarted {
		e.seen = append(e.seen, a.Addr)
	}
	return h, nil
}

func (*everybody) Probed(time.Duration, tracker.Check, time.Duration, bool) (tracker.Check, bool, error) {
	panic("it asks for no probes")
}

func client(t testing.TB, name string) Client {
	c, known := FindClient(name)
	if !known {
		t.Fatalf("there is no client %s", name)
	}
	return c
}

// small is a swarm whose bound is 10 s.
func small(t testing.TB) Config {
	return Config{
		Groups: []int{2}, Hosts: 3, Payload: 1000, Pieces: 50, Uplink: 100, Host: 100,
		Clients: []Client{client(t, "libtorrent")}, Interval: 45, Limit: 10_000, Seed: 1,
	}
}

func simulate(t *testing.T, cfg Config) (*Sim, *experiment.Outcome) {
	t.Helper()
	s := New(cfg, newEverybody())
	o, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if o.Finished != o.Expected {
		t.Fatalf("%d of %d hosts finished", o.Finished, o.Expected)
	}
	return s, o
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(math.Abs(a), math.Abs(b), 1) }

// TestByHand: swarms whose end can be computed.
func TestByHand(t *testing.T) {
	for _, test := range []struct {
		name         string
		change       func(*Config)
		makespan, in float64
	}{
		{"one host takes what its link needs", func(c *Config) { c.Groups, c.Hosts = []int{1}, 1 }, 10, 1},
		{"or what the uplink needs", func(c *Config) { c.Groups, c.Hosts, c.Uplink = []int{1}, 1, 25 }, 40, 1},
		{"or its own slow link", func(c *Config) {
			c.Groups, c.Hosts, c.Fault = []int{1}, 1, Fault{SlowShare: 1, Slowness: 4}
		}, 40, 1},
		{"a group's uplink counts as well", func(c *Config) { c.Groups, c.Hosts, c.Uplink = []int{1, 1}, 1, 50 }, 20, 1},
		// One piece: both fetch it from the seeder, whose link they share.
		{"two hosts share the seeder's link", func(c *Config) { c.Groups, c.Hosts, c.Pieces = []int{2}, 1, 1 }, 20, 1},
		{"and their uplink, if they are in one rack", func(c *Config) { c.Groups, c.Hosts, c.Pieces, c.Uplink = []int{1}, 2, 1, 50 }, 40, 2},
		// Nothing crosses the uplink of the rack that has everything.
		{"a seeder in the rack needs no uplink", func(c *Config) {
			c.Groups, c.Hosts, c.Uplink, c.Fault = []int{1}, 1, 1, Fault{SeederInRack: true}
		}, 10, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := small(t)
			test.change(&cfg)
			s, o := simulate(t, cfg)
			if in := s.net.carried[s.groups[0].in] / cfg.Payload; !near(in, test.in) || !near(o.Makespan, test.makespan) {
				t.Fatalf("%v s, %v copies in; expected %v s, %v", o.Makespan, in, test.makespan, test.in)
			}
		})
	}
}

// TestConservation: whatever the swarm, each host gets each byte once, and what is sent is
// received, over each link between.
func TestConservation(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawConfig(rt)
		s := New(cfg, newEverybody())
		o, err := s.Run(rt.Context())
		if err != nil || o.Finished != o.Expected {
			rt.Fatalf("%d of %d hosts finished, error %v", o.Finished, o.Expected, err)
		}
		var sent, received, in, out, imported float64
		for _, h := range s.hosts {
			sent += s.net.carried[h.up]
			received += s.net.carried[h.down]
			if !h.seeder && !h.dead && !near(s.net.carried[h.down], cfg.Payload) {
				rt.Fatalf("host %d received %v of %v bytes", h.id, s.net.carried[h.down], cfg.Payload)
			}
		}
		for _, g := range s.groups[:s.racks] {
			in, out = in+s.net.carried[g.in], out+s.net.carried[g.out]
			for _, bytes := range g.imported {
				imported += bytes
			}
		}
		// What leaves the seeder on the core enters a rack, and leaves none.
		if seeder := s.hosts[len(s.hosts)-1]; len(seeder.groups) == 0 {
			out += s.net.carried[seeder.up]
		}
		if !near(sent, received) || !near(in, out) || !near(in, imported) {
			rt.Fatalf("%v sent, %v received; %v into racks, %v out, %v of it for a reason", sent, received, in, out, imported)
		}
		checkRates(rt, s, o)
	})
}

// checkRates: no link carries more than it can.
func checkRates(t *rapid.T, s *Sim, o *experiment.Outcome) {
	for l, carried := range s.net.carried {
		if carried > s.net.capacity[l]*s.now*(1+1e-9) {
			t.Fatalf("link %d carried %v in %v s, at %v", l, carried, s.now, s.net.capacity[l])
		}
	}
	// Where the first seeder is in a rack, that rack's hosts need no uplink.
	if o.Makespan < o.Bound*(1-1e-9) && !s.cfg.Fault.SeederInRack {
		t.Fatalf("%v s, bound %v s", o.Makespan, o.Bound)
	}
}

func drawConfig(t *rapid.T) Config {
	cfg := Config{
		Groups: rapid.SliceOfN(rapid.IntRange(1, 2), 1, 3).Draw(t, "groups"), Hosts: rapid.IntRange(1, 4).Draw(t, "hosts"),
		Payload: 1000, Pieces: rapid.IntRange(1, 70).Draw(t, "pieces"),
		Uplink: float64(rapid.IntRange(20, 300).Draw(t, "uplink")), Host: float64(rapid.IntRange(20, 300).Draw(t, "host")),
		Clients:  rapid.SliceOfN(rapid.SampledFrom(Clients), 1, 3).Draw(t, "clients"),
		Interval: 45, Limit: 1e7, Seed: rapid.Uint64().Draw(t, "seed"),
		Spread: float64(rapid.IntRange(0, 50).Draw(t, "spread")), Step: rapid.Float64Range(0, 1).Draw(t, "step"),
	}
	cfg.Fault.SeederInRack = rapid.Bool().Draw(t, "seeder in rack")
	if rapid.Bool().Draw(t, "slow hosts") {
		// The bound is that of the narrowest link, and there must be one.
		cfg.Fault.SlowShare, cfg.Fault.Slowness = 1, 3
	}
	return cfg
}

// TestSameSeed: chance is the seed's.
func TestSameSeed(t *testing.T) {
	cfg := small(t)
	cfg.Clients, cfg.Spread, cfg.Step = Clients, 5, 0.1
	_, first := simulate(t, cfg)
	if _, again := simulate(t, cfg); !reflect.DeepEqual(first, again) {
		t.Fatal("the same seed came to something else")
	}
	cfg.Seed++
	if _, other := simulate(t, cfg); reflect.DeepEqual(first, other) {
		t.Fatal("another seed came to the same")
	}
}

// TestSteps: to share links less often changes little.
func TestSteps(t *testing.T) {
	cfg := small(t)
	cfg.Groups, cfg.Pieces = []int{3}, 30
	const runs = 50
	at := func(step float64) (sum float64) {
		cfg.Step = step
		for cfg.Seed = range uint64(runs) {
			_, o := simulate(t, cfg)
			sum += o.Makespan / runs
		}
		return sum
	}
	if exact, coarse := at(0), at(0.01); math.Abs(coarse/exact-1) > 0.05 {
		t.Fatalf("makespan %v s with steps, %v s without", coarse, exact)
	}
}
