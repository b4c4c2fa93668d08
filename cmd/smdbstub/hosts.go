package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"os"
	"strings"
)

// record is what the SMDB tells of a host: its cabinet, and more fields.
type record map[string]string

// records are the hosts that have an address, by hostname.
type records map[string]record

// loadHosts reads a hosts file; no file means no hosts.
func loadHosts(path string) (map[netip.Addr]records, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	hosts, err := parseHosts(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return hosts, nil
}

// parseHosts reads lines of "IP hostname cabinet", with more fields behind it, like
// "row=3 datacenter=dc1". What follows # is a comment.
func parseHosts(r io.Reader) (map[netip.Addr]records, error) {
	hosts := make(map[netip.Addr]records)
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		if len(fields) < 3 {
			return nil, fmt.Errorf("line %d: want IP, hostname and cabinet", number)
		}
		ip, err := netip.ParseAddr(fields[0])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		ip = ip.Unmap()
		if hosts[ip] == nil {
			hosts[ip] = make(records)
		}
		if _, known := hosts[ip][fields[1]]; known {
			return nil, fmt.Errorf("line %d: %s and %s are there already", number, ip, fields[1])
		}
		host := record{"cabinet": fields[2]}
		for _, field := range fields[3:] {
			name, value, ok := strings.Cut(field, "=")
			if _, known := host[name]; !ok || known {
				return nil, fmt.Errorf("line %d: %q is not one more field, like row=3", number, field)
			}
			host[name] = value
		}
		hosts[ip][fields[1]] = host
	}
	return hosts, lines.Err()
}

// newHandler serves the hosts and, unless bits is 0, derives those that are
// missing from their IPv4 addresses.
func newHandler(hosts map[netip.Addr]records, bits int) (http.Handler, error) {
	if bits < 0 || bits > 24 || bits%8 != 0 {
		return nil, fmt.Errorf("--subnet must be 8, 16, 24 or 0, not %d", bits)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	mux.HandleFunc("GET /servers/ipaddresses/{ip}", func(w http.ResponseWriter, r *http.Request) {
		found := find(hosts, bits, r.PathValue("ip"))
		if found == nil {
			http.Error(w, "no such host", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(found) // whoever hung up needs no answer
	})
	return mux, nil
}

// find returns the hosts with this address, or nil.
func find(hosts map[netip.Addr]records, bits int, address string) records {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return nil
	}
	ip = ip.Unmap()
	if found := hosts[ip]; found != nil {
		return found
	}
	if bits == 0 || !ip.Is4() {
		return nil
	}
	hostname := "host-" + strings.ReplaceAll(ip.String(), ".", "-")
	return records{hostname: {"cabinet": fmt.Sprintf("r%d", ip.As4()[bits/8-1])}}
}
