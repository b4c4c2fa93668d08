package clients

import "fmt"

// QBittorrent has a profile of its own, in which the legal notice is accepted.
func QBittorrent(h Host) ([]string, error) {
	conf := fmt.Sprintf(`[LegalNotice]
Accepted=true

[BitTorrent]
Session\BTProtocol=TCP
Session\DHTEnabled=%[1]t
Session\LSDEnabled=%[1]t
Session\PeXEnabled=%[1]t
Session\Port=%[2]d
Session\DefaultSavePath=%[3]s

[Network]
PortForwardingEnabled=false
`, h.Discovery, Port, h.payload())
	if _, err := h.write([]byte(conf), "qBittorrent", "config", "qBittorrent.conf"); err != nil {
		return nil, err
	}
	return append([]string{"qbittorrent-nox", "--profile=" + h.Dir + "/session", "--save-path=" + h.payload(), "--skip-dialog=true"}, h.torrents()...), nil
}
