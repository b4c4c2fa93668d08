package clients

import "fmt"

// Aria2 seeds without end, where it would stop at a share ratio of 1 by itself.
func Aria2(h Host) ([]string, error) {
	return append([]string{
		"aria2c", "--no-conf=true", "--dir=" + h.payload(), fmt.Sprint("--listen-port=", Port),
		fmt.Sprint("--enable-dht=", h.Discovery), "--enable-dht6=false", fmt.Sprint("--enable-peer-exchange=", h.Discovery),
		fmt.Sprint("--bt-enable-lpd=", h.Discovery), "--dht-file-path=" + h.Dir + "/session/dht.dat",
		"--check-integrity=true", "--seed-ratio=0.0", "--disable-ipv6=true", "--file-allocation=none",
		"--enable-color=false", "--console-log-level=info", "--show-console-readout=false", "--summary-interval=0",
	}, h.torrents()...), nil
}
