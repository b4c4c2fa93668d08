"""Takes part in the swarm of one torrent with libtorrent, until it is killed.

Usage: client.py TORRENT DIRECTORY ADDRESS PORT [discovery]
"""
import sys

import libtorrent

torrent, directory, address, port, *rest = sys.argv[1:]
discovery = rest == ["discovery"]
NO_PLUGINS, DEFAULT_PLUGINS = 0, 1  # among them is PEX
session = libtorrent.session({
    "listen_interfaces": f"{address}:{port}",
    "enable_dht": discovery,
    "enable_lsd": discovery,
    "enable_natpmp": False,
    "enable_upnp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "alert_mask": libtorrent.alert.category_t.error_notification
    | libtorrent.alert.category_t.status_notification
    | libtorrent.alert.category_t.tracker_notification
    | libtorrent.alert.category_t.peer_notification,
}, DEFAULT_PLUGINS if discovery else NO_PLUGINS)
session.add_torrent({"ti": libtorrent.torrent_info(torrent), "save_path": directory})
while True:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        print(alert.what(), alert.message(), flush=True)
