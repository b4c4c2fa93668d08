package main

import (
	"net"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestListenOnBothFamilies(t *testing.T) {
	listener, err := listen(t.Context(), &Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	hosts := []string{"127.0.0.1"}
	if probe, err := net.Listen("tcp", "[::1]:0"); err == nil { // this machine has IPv6
		probe.Close()
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		dial(t, net.JoinHostPort(host, port))
	}
}

// Each fault at listening names the setting and the port on one line, and calls for a change of
// the settings.
func TestListenSaysWhichSetting(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	taken, takenUDP := tcp.Addr().(*net.TCPAddr).Port, udp.LocalAddr().(*net.UDPAddr).Port
	number := strconv.Itoa
	free, _ := strconv.Atoi(freePort(t))
	for _, test := range []struct {
		config Config
		want   string
	}{
		{Config{Host: "127.0.0.1", Port: taken, UDPPort: noUDP}, "PORT: " + number(taken) + " is in use by another program"},
		{Config{Host: "127.0.0.1", Port: takenUDP}, "UDP_PORT: " + number(takenUDP) + " is in use by another program"},
		{Config{Host: "127.0.0.1", Port: free, UDPPort: udpPort(number(takenUDP))}, "UDP_PORT: " + number(takenUDP) + " is in use by another program"},
		{
			Config{Host: "127.0.0.1", Port: taken, UDPPort: udpPort(number(takenUDP))},
			"PORT: " + number(taken) + " is in use by another program\nUDP_PORT: " + number(takenUDP) + " is in use by another program",
		},
		{Config{Host: "192.0.2.1", Port: free, UDPPort: noUDP}, "HOST: 192.0.2.1 is no address of this machine, so PORT " + number(free) + " cannot be had"},
	} {
		listener, _, err := listenAll(t.Context(), &test.config)
		if err == nil {
			listener.Close()
			t.Fatalf("listens on %+v", test.config)
		}
		if err.Error() != test.want || exitStatus(err) != exitConfig {
			t.Errorf("status %d, error %q, want %q", exitStatus(err), err, test.want)
		}
	}
	// The port that could be had is free again.
	again, err := listen(t.Context(), &Config{Host: "127.0.0.1", Port: free})
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
}

// What this machine does not do to whoever runs the tests.
func TestListenFault(t *testing.T) {
	for begin, err := range map[string]error{
		"PORT: this user may not listen on port 80; ":                                      syscall.EACCES,
		"HOST: nowhere is no name of this machine, so PORT 80 cannot be had: no such host": &net.DNSError{Err: "no such host", Name: "nowhere"},
		"HOST, PORT 80: too many open files":                                               syscall.EMFILE,
	} {
		fault := listenFault(&net.OpError{Op: "listen", Err: err}, "PORT", &Config{Host: "nowhere"}, "80")
		if fault == nil || !strings.HasPrefix(strings.ReplaceAll(fault.Error(), "listen: ", ""), begin) {
			t.Errorf("%v is told as %v", err, fault)
		}
	}
}
