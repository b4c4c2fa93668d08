package sources

import (
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/p2ptracker/p2ptracker/smdb"
	"github.com/p2ptracker/p2ptracker/tracker"
)

func TestSubnet(t *testing.T) {
	for _, tt := range []struct {
		bits4, bits6 int
		ip           string
		want         tracker.Location
	}{
		{24, 64, "10.1.2.3", "10.1.2.0_24"},
		{24, 64, "10.1.2.255", "10.1.2.0_24"},
		{24, 64, "10.1.3.0", "10.1.3.0_24"},
		{24, 64, "127.0.0.1", "127.0.0.0_24"},
		{16, 64, "10.1.2.3", "10.1.0.0_16"},
		{32, 64, "10.1.2.3", "10.1.2.3_32"},
		{24, 64, "2001:db8:0:1::7", "2001-db8-0-1--_64"},
		{24, 48, "2001:db8:0:1::7", "2001-db8--_48"},
		{24, 64, "::1", "--_64"},
		{24, 64, "fe80::1", "fe80--_64"},
		{24, 128, "fe80::1", "fe80--1_128"},
	} {
		subnet, err := newSubnet(tt.bits4, tt.bits6)
		if err != nil {
			t.Fatal(err)
		}
		place, err := subnet.Locate(t.Context(), netip.MustParseAddr(tt.ip))
		if err != nil || place != (tracker.Place{Location: tt.want}) {
			t.Errorf("%s in /%d, /%d: %+v, %v; want %s", tt.ip, tt.bits4, tt.bits6, place, err, tt.want)
		}
	}
}

func TestNewSubnetRefuses(t *testing.T) {
	for _, bits := range [][2]int{{0, 64}, {33, 64}, {-1, 64}, {24, 0}, {24, 129}} {
		if _, err := newSubnet(bits[0], bits[1]); err == nil {
			t.Errorf("/%d, /%d accepted", bits[0], bits[1])
		}
	}
}

func TestSubnetSettings(t *testing.T) {
	for _, good := range []string{"24,64", "24, 64", " 16 ,48"} {
		if _, err := Open("subnet", &Settings{SubnetSettings: SubnetSettings{Subnets: good}}, smdb.Env{}); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "24", "24,", ",64", "24,64,", "24,64,x", "24;64", "24,64 x", "+24,64", "-1,64", "24,1e1", "0x18,64", "24,256", "33,64", "24,129", "0,64"} {
		_, err := Open("subnet", &Settings{SubnetSettings: SubnetSettings{Subnets: bad}}, smdb.Env{})
		if err == nil || !strings.HasPrefix(err.Error(), "SUBNETS: ") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, path := range []string{"/does/not/exist", t.TempDir(), "/dev/null"} {
		_, err := Open("subnet", &Settings{SubnetSettings: SubnetSettings{Subnets: "24,64", SubnetsFile: path}}, smdb.Env{})
		if err == nil || !strings.HasPrefix(err.Error(), "SUBNETS_FILE: ") || !strings.Contains(err.Error(), path) {
			t.Errorf("%q: %v", path, err)
		}
	}
}

// Two hosts are in one group exactly when they are in one network, and its name
// is always a valid location.
func TestSubnetGroupsByNetwork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bits4, bits6 := rapid.IntRange(1, 32).Draw(t, "bits4"), rapid.IntRange(1, 128).Draw(t, "bits6")
		subnet, err := newSubnet(bits4, bits6)
		if err != nil {
			t.Fatal(err)
		}
		one, other := drawAddr(t, "one"), drawAddr(t, "other")
		if rapid.Bool().Draw(t, "near") {
			other = one.Next()
		}
		if !other.IsValid() {
			other = one
		}
		bits := bits6
		if one.Is4() {
			bits = bits4
		}
		prefix, err := one.Prefix(bits)
		if err != nil {
			t.Fatal(err)
		}
		group, otherGroup := locate(t, subnet, one), locate(t, subnet, other)
		if same := prefix.Contains(other); same != (group == otherGroup) {
			t.Fatalf("%s in %s, %s in %s, same network: %v", one, group, other, otherGroup, same)
		}
	})
}

func drawAddr(t *rapid.T, label string) netip.Addr {
	if rapid.Bool().Draw(t, label+" is IPv4") {
		b := rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, label)
		return netip.AddrFrom4([4]byte(b))
	}
	b := rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, label)
	return netip.AddrFrom16([16]byte(b)).Unmap()
}

func locate(t *rapid.T, source smdb.Source, ip netip.Addr) tracker.Location {
	place, err := source.Locate(t.Context(), ip)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tracker.ReadLocation(string(place.Location)); err != nil {
		t.Fatalf("%s: %v", place.Location, err)
	}
	return place.Location
}
