"""Takes part in the swarm of one torrent with libtorrent, until it is killed.

Usage: client.py TORRENT DIRECTORY ADDRESS PORT
"""
import sys

import libtorrent

torrent, directory, address, port = sys.argv[1:]
NO_PLUGINS = 0  # among them were PEX
session = libtorrent.session({
    "listen_interfaces": f"{address}:{port}",
    "enable_dht": False,
    "enable_lsd": False,
    "enable_natpmp": False,
    "enable_upnp": False,
    "enable_incoming_utp": False,
    "enable_outgoing_utp": False,
    "alert_mask": libtorrent.alert.category_t.error_notification
    | libtorrent.alert.category_t.status_notification
    | libtorrent.alert.category_t.tracker_notification
    | libtorrent.alert.category_t.peer_notification,
}, NO_PLUGINS)
session.add_torrent({"ti": libtorrent.torrent_info(torrent), "save_path": directory})
while True:
    session.wait_for_alert(1000)
    for alert in session.pop_alerts():
        print(alert.what(), alert.message(), flush=True)
