package e2e

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"testing"
)

// statistics are what /transfers/HASH.json?racks=1 tells.
type statistics struct {
	Global global                    `json:"global"`
	Racks  map[string]rackStatistics `json:"racks"`
}

type global struct {
	Active   bool   `json:"active"`
	Peers    int    `json:"peers"`
	Seeders  int    `json:"seeders"`
	Leechers int    `json:"leechers"`
	Complete bool   `json:"complete"`
	Size     string `json:"size"`
	Progress string `json:"progress"`

	Seeded    int            `json:"seeded"`
	Delivered string         `json:"delivered"`
	States    map[string]int `json:"states"`
}

type rackStatistics struct {
	Peers           int    `json:"N"`
	Representatives int    `json:"R"`
	Seeders         int    `json:"S"`
	Progress        string `json:"progress"`
	Delivered       string `json:"delivered"`
}

const everything = "100.00%"

// maxReprRack is the default of MAX_REPR_RACK.
const maxReprRack = 2

// checkStatistics compares the tracker's with those of a swarm whose members all
// have everything.
func (s *swarm) checkStatistics() error {
	want := statistics{
		Global: global{
			Active: true, Peers: len(s.members), Seeders: len(s.members),
			Complete: true, Size: strconv.Itoa(len(s.payload.content)), Progress: everything, Delivered: everything,
			States: map[string]int{"seeding": len(s.members), "downloading": 0, "paused": 0, "done": 0, "left": 0},
		},
		Racks: map[string]rackStatistics{},
	}
	for _, m := range s.members {
		name := rackName(m.rack)
		r, delivered := want.Racks[name], everything
		if !m.fetches {
			want.Global.Seeded++
			delivered = r.Delivered // null, if nobody lacked anything
		}
		want.Racks[name] = rackStatistics{r.Peers + 1, min(r.Peers+1, maxReprRack), r.Seeders + 1, everything, delivered}
	}
	got, err := s.statistics()
	if err == nil && !reflect.DeepEqual(got, want) {
		err = fmt.Errorf("statistics\n%+v instead of\n%+v", got, want)
	}
	return err
}

func (s *swarm) statistics() (got statistics, err error) {
	err = s.cluster.get("/transfers/"+s.hash+".json?racks=1", &got)
	return got, err
}

// representatives are the members that the tracker names so, in the order in
// which they came.
func (s *swarm) representatives(t testing.TB) []*member {
	t.Helper()
	var reply struct{ Representants []netip.AddrPort }
	if err := s.cluster.get("/transfers/representants/"+s.hash+".json", &reply); err != nil {
		t.Fatal(err)
	}
	var named []*member
	for _, m := range s.members {
		if slices.Contains(reply.Representants, netip.AddrPortFrom(m.addr, peerPort)) {
			named = append(named, m)
		}
	}
	if len(named) != len(reply.Representants) {
		t.Errorf("strangers are among the representatives: %v", reply.Representants)
	}
	return named
}

// checkScrape compares the counts that clients see. Every fetcher counts once as
// downloaded, however often and by whichever frontend it said so.
func (s *swarm) checkScrape() error {
	type counts struct{ Complete, Downloaded, Incomplete int }
	want := counts{Complete: len(s.members)}
	for _, m := range s.members {
		if m.fetches {
			want.Downloaded++
		}
	}
	var got struct{ Files map[string]counts }
	err := s.cluster.get("/scrape/"+s.hash+".json", &got)
	if err == nil && got.Files[s.hash] != want {
		err = fmt.Errorf("scrape %+v instead of %+v", got.Files[s.hash], want)
	}
	return err
}

func rackName(rack int) string { return fmt.Sprintf("r%d", rack) }
