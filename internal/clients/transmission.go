package clients

import "encoding/json"

// Transmission runs as a daemon that takes torrents from watch/.
func Transmission(h Host) ([]string, error) {
	settings, err := json.Marshal(map[string]any{
		"bind-address-ipv4":       h.Addr.String(),
		"dht-enabled":             h.Discovery,
		"lpd-enabled":             h.Discovery,
		"pex-enabled":             h.Discovery,
		"port-forwarding-enabled": false,
		"rpc-enabled":             false,
		"utp-enabled":             false,
		"peer-port":               Port,
		"download-dir":            h.payload(),
		"watch-dir":               h.Dir + "/watch",
		"watch-dir-enabled":       true,
	})
	if err != nil {
		return nil, err
	}
	if _, err := h.write(settings, "settings.json"); err != nil {
		return nil, err
	}
	return []string{"transmission-daemon", "--foreground", "--log-info", "--config-dir", h.Dir + "/session"}, nil
}
