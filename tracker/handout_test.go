package tracker_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// testView is a host's view, filled for a test. A contact of a representative ends with ! if that is a seeder.
type testView struct {
	v tracker.View
}

func (s *testView) add(leechers, seeders int, representatives, hosts []string) {
	swarm := s.v.AddSwarm()
	swarm.Leechers, swarm.Seeders = leechers, seeders
	for _, contact := range representatives {
		name, isSeeder := strings.CutSuffix(contact, "!")
		swarm.Representatives = append(swarm.Representatives, tracker.Representative{Contact: name, Seeder: isSeeder})
	}
	swarm.Hosts = append(swarm.Hosts, hosts...)
}

func numbered(prefix string, n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprint(prefix, i))
	}
	return list
}

// count counts contacts by how they begin.
func count(contacts []string, prefix string) (n int) {
	for _, contact := range contacts {
		if strings.HasPrefix(contact, prefix) {
			n++
		}
	}
	return n
}

// A host that represents nothing is handed its rack's representatives first, then others of the rack, never
// itself, and as many as it wants (R2, R4, R5).
func TestHandoutOfRack(t *testing.T) {
	for _, want := range []int{0, 1, 2, 5, 200} {
		var s testView
		s.add(10, 0, []string{"rep0", "rep1"}, append(numbered("mate", 8), "rep0", "rep1", "self"))
		got := s.v.Choose("self", false, want, 0)
		if len(got) != min(want, 10) || slices.Contains(got, "self") || count(got, "rep") != min(want, 2) {
			t.Errorf("of %d: %v", want, got)
		}
		if n := min(want, 2); count(got[:n], "rep") != n {
			t.Errorf("representatives are not the first of %v", got)
		}
		if slices.Sort(got); len(slices.Compact(got)) != min(want, 10) {
			t.Errorf("somebody is handed twice: %v", got)
		}
	}
}

// A seeder is not handed a fellow that is one (R4).
func TestHandoutOfSeeder(t *testing.T) {
	var s testView
	s.add(1, 2, []string{"self!", "rep1!"}, []string{"mate"})
	s.add(2, 3, nil, []string{"far0", "far1"})
	if got := s.v.Choose("self", true, 10, 0); slices.Contains(got, "rep1") || len(got) != 3 {
		t.Errorf("handed %v", got)
	}
}

// A representative is handed its fellows, then twice the logarithm of the swarm's size from outside, or what is
// set, or a third of what it wants if that is more, and then its rack. Its fellows are no peers from outside
// (R3).
func TestHandoutFromOutside(t *testing.T) {
	for _, test := range []struct{ want, swarm, outside, expected int }{
		{200, 100, 0, 67}, // a third
		{15, 100, 0, 10},
		{15, 2500, 0, 14}, // 16, and there is room for 14
		{30, 2500, 0, 16},
		{30, 100, 20, 20},
		{30, 100, 1, 10},
		{30, 4, 0, 4},
		{2, 100, 0, 1},
		{1, 100, 0, 0}, // the fellow
	} {
		var s testView
		s.add(300, 0, []string{"self", "rep"}, numbered("mate", 300))
		s.add(test.swarm, 0, nil, append(numbered("far", test.swarm), "self", "rep"))
		got := s.v.Choose("self", false, test.want, test.outside)
		if len(got) != test.want || got[0] != "rep" || count(got, "far") != test.expected || count(got, "rep") != 1 {
			t.Errorf("%+v: %d from outside among %d", test, count(got, "far"), len(got))
		}
	}
}

// Of several swarms around each leaves a third to those farther out, if there are that many.
func TestHandoutFromFarGroups(t *testing.T) {
	for _, test := range []struct{ row, dc, wantRow, wantDC int }{
		{100, 100, 19, 10}, // of 29, beside the fellow
		{100, 2, 27, 2},
		{3, 100, 3, 26},
	} {
		var s testView
		s.add(2, 0, []string{"self", "rep"}, nil)
		s.add(test.row, 0, []string{"self"}, numbered("row", test.row))
		s.add(test.dc, 0, nil, numbered("dc", test.dc))
		got := s.v.Choose("self", false, 30, 200)
		if count(got, "row") != min(test.wantRow, 29) || count(got, "dc") != test.wantDC {
			t.Errorf("%+v: %d of the row, %d of others", test, count(got, "row"), count(got, "dc"))
		}
	}
}

// Each host in view is as likely as any other.
func TestHandoutIsFair(t *testing.T) {
	const rounds, hosts, want = 2000, 64, 16
	times := map[string]int{}
	var s testView
	for range rounds {
		s.v.Reset()
		s.add(hosts, 0, nil, numbered("mate", hosts))
		for _, contact := range s.v.Choose("self", false, want, 0) {
			times[contact]++
		}
	}
	for contact, n := range times {
		if mean := rounds * want / hosts; n < mean*7/10 || n > mean*13/10 {
			t.Errorf("%s was handed out %d times, the mean is %d", contact, n, mean)
		}
	}
	if len(times) != hosts {
		t.Errorf("%d of %d were handed out", len(times), hosts)
	}
}

// What one handout saw is not seen by the next one.
func TestViewIsEmptied(t *testing.T) {
	var s testView
	s.add(2, 0, []string{"self", "rep"}, []string{"mate"})
	s.add(2, 0, nil, []string{"far"})
	s.v.Choose("self", false, 10, 0)
	s.v.Reset()
	s.add(1, 0, nil, []string{"other"})
	if got := s.v.Choose("self", false, 10, 0); !slices.Equal(got, []string{"other"}) {
		t.Errorf("handed %v", got)
	}
}
