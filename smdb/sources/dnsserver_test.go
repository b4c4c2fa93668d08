package sources

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"

	"github.com/p2ptracker/p2ptracker/smdb"
)

// DNS servers for tests: named and dnsmasq as Debian has them, and one in the
// test's own process for what those would never say.

// hostOf is the address that the servers' zones have as number n.
func hostOf(n byte) netip.Addr { return netip.AddrFrom4([4]byte{10, 1, 4, n}) }

// serveDNS answers over UDP and TCP as the test says, until it ends.
func serveDNS(t *testing.T, handler dns.HandlerFunc) string {
	t.Helper()
	packets, listener := listenBoth(t)
	for _, server := range []*dns.Server{{PacketConn: packets}, {Listener: listener}} {
		server.Handler = handler
		started := make(chan struct{})
		server.NotifyStartedFunc = func() { close(started) }
		go func() { _ = server.ActivateAndServe() }()
		<-started
		t.Cleanup(func() { _ = server.Shutdown() })
	}
	return listener.Addr().String()
}

// listenBoth listens on one free port of the loopback, UDP and TCP.
func listenBoth(t *testing.T) (net.PacketConn, net.Listener) {
	t.Helper()
	for range 100 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return packets, listener
		}
		listener.Close()
	}
	t.Fatal("no port is free for UDP and TCP")
	return nil, nil
}

// freeDNSPort returns an address where nobody listens.
func freeDNSPort(t *testing.T) string {
	t.Helper()
	packets, listener := listenBoth(t)
	packets.Close()
	listener.Close()
	return listener.Addr().String()
}

// startDNS runs a server's program until the test ends, and waits until it
// answers. A machine without the program fails the test.
func startDNS(t *testing.T, address string, command *exec.Cmd) {
	t.Helper()
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	// A test binary that is killed takes its servers along.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		t.Fatalf("%v; scripts/setup installs it", err)
	}
	ended := make(chan struct{})
	go func() {
		_ = command.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-ended
	})
	for range 1000 {
		select {
		case <-ended:
			t.Fatalf("%s ended:\n%s", command.Path, output.Bytes())
		default:
		}
		query := new(dns.Msg).SetQuestion("17.4.1.10.in-addr.arpa.", dns.TypePTR)
		if reply, err := dns.Exchange(query, address); err == nil && len(reply.Answer) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	_ = command.Process.Kill()
	<-ended
	t.Fatalf("%s does not answer:\n%s", command.Path, output.Bytes())
}

// daemonPath finds a program that may be in a directory that only root has in PATH.
func daemonPath(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	return filepath.Join("/usr/sbin", name)
}

// startNamed runs BIND with these zones, each by its name.
func startNamed(t *testing.T, zones map[string]string) string {
	t.Helper()
	address, dir := freeDNSPort(t), t.TempDir()
	port := netip.MustParseAddrPort(address).Port()
	config := fmt.Sprintf(`
options {
	directory %q;
	listen-on port %d { 127.0.0.1; };
	listen-on-v6 { none; };
	pid-file none;
	session-keyfile none;
	recursion no;
	dnssec-validation no;
	notify no;
};
controls { };
`, dir, port)
	number := 0
	for name, records := range zones {
		file := fmt.Sprintf("zone%d", number)
		number++
		config += fmt.Sprintf("zone %q { type primary; file %q; };\n", name, file)
		writeFile(t, filepath.Join(dir, file), `$TTL 60
@ SOA ns.example. hostmaster.example. 1 3600 600 86400 60
@ NS ns.example.
`+records)
	}
	writeFile(t, filepath.Join(dir, "named.conf"), config)
	startDNS(t, address, exec.Command(daemonPath("named"), "-g", "-n", "1", "-c", filepath.Join(dir, "named.conf")))
	return address
}

// startDnsmasq runs dnsmasq with further options.
func startDnsmasq(t *testing.T, options ...string) string {
	t.Helper()
	address := freeDNSPort(t)
	arguments := append([]string{
		"--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-", "--pid-file=", "--user=",
		"--no-resolv", "--no-hosts", "--bind-interfaces", "--listen-address=127.0.0.1",
		fmt.Sprintf("--port=%d", netip.MustParseAddrPort(address).Port()),
	}, options...)
	startDNS(t, address, exec.Command(daemonPath("dnsmasq"), arguments...))
	return address
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// openDNS opens LOCATION with a DNS server, and closes it with the test.
func openDNS(t *testing.T, location, servers string, timeout time.Duration) *smdb.Chain {
	t.Helper()
	chain, err := Open(location, &Settings{
		SubnetSettings: SubnetSettings{Subnets: "24,64"},
		DNSSettings:    DNSSettings{DNSServers: servers},
		DNSTXTSettings: DNSTXTSettings{DNSTXTName: "{reverse}"},
		DNSLOCSettings: DNSLOCSettings{LOCGrid: 100},
	}, smdb.Env{Timeout: timeout})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(chain.Close)
	return chain
}
