package redisstore_test

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/tracker"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/internal/storetest"
	"github.com/p2ptracker/p2ptracker/tracker/redisstore/keys"
)

// Which hosts of a machine count, in the model: see lua/chapters/machine.lua.

// succeed takes hosts that are gone out of the sums, if others on their machine took their place.
func (m *model) succeed() {
	for _, gone := range slices.Clone(m.hosts) {
		var heirs []*modelHost
		for _, h := range m.hosts {
			if h != gone && h.shareMachine(gone) && h.takesPlaceOf(gone) {
				heirs = append(heirs, h)
			}
		}
		if len(heirs) > 0 {
			m.remove(gone)
		}
		for _, heir := range heirs {
			heir.inherit(gone)
			if gone.left == 0 {
				heir.came = 0
			}
		}
	}
}

func (h *modelHost) shareMachine(other *modelHost) bool {
	for _, mine := range []netip.AddrPort{h.addr, h.also} {
		if mine.IsValid() && (mine.Addr() == other.addr.Addr() || mine.Addr() == other.also.Addr()) {
			return true
		}
	}
	return false
}

func (h *modelHost) takesPlaceOf(gone *modelHost) bool {
	switch {
	case gone.live:
		return false
	case gone.left == 0:
		return h.left == 0 && h.came > 0 && h.came >= gone.seen
	default:
		return h.live || h.left == 0
	}
}

// inherit: what was lacking on a machine was delivered there, if any of it was.
func (h *modelHost) inherit(gone *modelHost) {
	if h.seeded && !gone.seeded && h.came >= gone.seen && (gone.left < storetest.Length || gone.downloaded > 0) {
		h.seeded, h.completed = false, true
	}
}

// checkMachines holds what is stored against itself, without the model: the sums, the racks and the
// index of machines against the records, and what a machine's hosts may be to each other.
func (h *history) checkMachines(t *rapid.T) {
	k := keys.Of(storetest.Hash(1))
	sums, ports := map[string]tracker.Progress{}, map[string][2][]string{} // ports of those gone, and of those live
	type kinds struct{ gaveUp, others int }
	machines := map[netip.Addr]kinds{}
	members := h.SetMembers(k.Peers())
	for i, r := range records(h.Fixture, storetest.Hash(1), members) {
		member := members[i]
		sums[r["rack"]] = sums[r["rack"]].Add(progressOf(r))
		for _, member := range []string{member, r["also"]} {
			if member == "" {
				continue
			}
			addr := netip.MustParseAddrPort(member)
			ip := member[:strings.LastIndexByte(member, ':')]
			at, list := ports[ip], 1
			if r["state"] == "gone" {
				list = 0
			}
			at[list] = append(at[list], strconv.Itoa(int(addr.Port())))
			ports[ip] = at
			m := machines[addr.Addr()]
			if r["state"] == "gone" && r["left"] != "0" {
				m.gaveUp++
			} else {
				m.others++
			}
			machines[addr.Addr()] = m
		}
	}
	for ip, m := range machines {
		if m.gaveUp > 0 && m.others > 0 && !h.lags {
			t.Fatalf("%d hosts gave up on %s, where %d others are", m.gaveUp, ip, m.others)
		}
	}
	var total tracker.Progress
	for rack, want := range sums {
		if got := storedProgress(h.Fixture, k.RackProgress(tracker.Location(rack))); got != want {
			t.Fatalf("progress of %s is %+v, the records say %+v", rack, got, want)
		}
		total = total.Add(want)
	}
	if got := storedProgress(h.Fixture, k.Progress()); got != total {
		t.Fatalf("progress is %+v, the records say %+v", got, total)
	}
	racks := h.SetMembers(k.Racks())
	slices.Sort(racks)
	if want := slices.Sorted(maps.Keys(sums)); !slices.Equal(racks, want) {
		t.Fatalf("racks are %q, the records say %q", racks, want)
	}
	if got, want := machinePorts(h.Fixture, storetest.Hash(1)), ports; !maps.EqualFunc(got, want, samePorts) {
		t.Fatalf("machines are %q, expected %q", got, want)
	}
}

// checkStates holds the numbers of hosts by their states against the hosts themselves, and both against
// the model.
func (h *history) checkStates(t *rapid.T, stats tracker.Statistics) {
	want, got := map[tracker.HostState]int{}, map[tracker.HostState]int{}
	for _, state := range tracker.HostStates {
		want[state], got[state] = 0, 0
	}
	for _, host := range h.model.hosts {
		switch done := host.left == 0; {
		case host.live && done:
			want[tracker.HostSeeding]++
		case host.live && host.paused:
			want[tracker.HostPaused]++
		case host.live:
			want[tracker.HostDownloading]++
		case done:
			want[tracker.HostDone]++
		default:
			want[tracker.HostLeft]++
		}
	}
	page := tracker.HostPage{Next: "0"}
	for page.Next != "" {
		var err error
		if page, err = h.Hosts(context.Background(), storetest.Hash(1), "", page.Next, 1000); err != nil {
			t.Fatal(err)
		}
		for _, host := range page.Hosts {
			got[host.State]++
		}
	}
	if counted := stats.States(); !maps.Equal(counted, want) || !maps.Equal(got, want) {
		t.Fatalf("states %v, the hosts are %v, expected %v", counted, got, want)
	}
}

// records are those of the hosts at these addresses, in one go.
func records(f *storetest.Fixture, hash tracker.InfoHash, members []string) (records []map[string]string) {
	commands := make([]rueidis.Completed, 0, len(members))
	for _, member := range members {
		commands = append(commands, f.Raw.B().Hgetall().Key(keys.Of(hash).Record(member)).Build())
	}
	for _, result := range f.Raw.DoMulti(context.Background(), commands...) {
		record, _ := result.AsStrMap()
		records = append(records, record)
	}
	return records
}

func progressOf(record map[string]string) tracker.Progress {
	p := tracker.Progress{Hosts: 1}
	if record["seeded"] != "" {
		p.Seeded = 1
	}
	switch left := record["left"]; left {
	case "0":
		p.Done = 1
	case "":
		p.Unknown = 1
	default:
		p.Left, _ = strconv.ParseUint(left, 10, 64)
	}
	return p
}

func storedProgress(f *storetest.Fixture, key string) tracker.Progress {
	sums, _ := f.Command("HGETALL", key).AsIntMap()
	return tracker.Progress{
		Hosts: int(sums["hosts"]), Seeded: int(sums["seeded"]), Done: int(sums["done"]), Unknown: int(sums["unknown"]),
		Left: uint64(sums["left"]),
	}
}

// identities are the addresses in the index of hosts, by the digest of peer id and key.
func identities(f *storetest.Fixture, hash tracker.InfoHash) map[string]string {
	all := index(f, hash)
	maps.DeleteFunc(all, func(field, _ string) bool { return isMachine(field) })
	return all
}

// index is the index of hosts, all parts together: see lua/chapters/index.lua.
func index(f *storetest.Fixture, hash tracker.InfoHash) map[string]string {
	all := map[string]string{}
	parts, err := f.Command("GET", keys.Of(hash).Hosts()).AsInt64()
	if err != nil {
		parts = 1
	}
	for n := range parts {
		part, _ := f.Command("HGETALL", fmt.Sprintf("%s:%d", keys.Of(hash).Hosts(), n+1)).AsStrMap()
		maps.Copy(all, part)
	}
	return all
}

// machinePorts are the ports of each machine's hosts that are gone, and that are live, as the index has them.
func machinePorts(f *storetest.Fixture, hash tracker.InfoHash) map[string][2][]string {
	all := map[string][2][]string{}
	for field, ports := range index(f, hash) {
		if isMachine(field) {
			gone, live, _ := strings.Cut(ports, "|")
			all[field] = [2][]string{strings.Fields(gone), strings.Fields(live)}
		}
	}
	return all
}

// isMachine says whether a field of the index of hosts is an IP address.
func isMachine(field string) bool { return strings.ContainsAny(field, ".:") }

func samePorts(a, b [2][]string) bool { return sameMembers(a[0], b[0]) && sameMembers(a[1], b[1]) }

func sameMembers(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
