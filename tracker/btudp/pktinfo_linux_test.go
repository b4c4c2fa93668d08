package btudp

import (
	"net"
	"testing"

	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
)

// The address stays, the interface goes.
func TestAnyInterface(t *testing.T) {
	four := ipv4.ControlMessage{Src: net.IPv4(192, 0, 2, 7), IfIndex: 7}
	info := four.Marshal()
	anyInterface(info)
	four.IfIndex = 0
	if string(info) != string(four.Marshal()) {
		t.Errorf("IPv4: %x", info)
	}
	six := ipv6.ControlMessage{Src: net.ParseIP("2001:db8::7"), IfIndex: 7}
	info = six.Marshal()
	anyInterface(info)
	six.IfIndex = 0
	if string(info) != string(six.Marshal()) {
		t.Errorf("IPv6: %x", info)
	}
	for size := range info {
		anyInterface(info[:size]) // without a panic
	}
}
