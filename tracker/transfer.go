package tracker

import (
	"fmt"
	"time"
)

// Torrent is an uploaded .torrent file.
type Torrent struct {
	Name     string // as uploaded, without the suffix ".torrent"
	InfoHash InfoHash
	Length   uint64 // bytes of the payload
	File     []byte // the very bytes that were uploaded
}

// TorrentFile says which file has a torrent's name.
type TorrentFile struct {
	InfoHash InfoHash
	Digest   string // names its bytes: two files of one info hash may differ around the info
	Size     int64  // bytes
}

// TorrentPage is a part of the torrents, by their names; see Page.
type TorrentPage struct {
	Torrents map[string]InfoHash
	Next     string
}

// TransferPage is a part of the active transfers, with the names of their torrents; a name is
// empty if nobody uploaded a torrent. See Page.
type TransferPage struct {
	Transfers map[InfoHash]string
	Next      string
}

// Statistics tell how far a transfer is. Peers, and the progress, count every
// host seen until the transfer is archived; Seeders, Leechers and Paused count
// those that were live at the last announce.
type Statistics struct {
	Active         bool
	Name           string // of the torrent, as Torrent's; empty if nobody uploaded one
	Registered     time.Time
	Peers          int
	Seeders        int
	Leechers       int       // paused ones too
	Paused         int       // partial seeds (BEP 21)
	FirstStarted   time.Time // zero: not yet; likewise below
	LastStarted    time.Time
	FirstCompleted time.Time
	LastCompleted  time.Time
	Length         uint64 // bytes of the payload; 0 if nobody registered it and no host told
	Progress       Progress
}

// States counts the hosts seen by their states.
func (s Statistics) States() map[HostState]int {
	return map[HostState]int{
		HostSeeding:     s.Seeders,
		HostDownloading: s.Leechers - s.Paused,
		HostPaused:      s.Paused,
		HostDone:        s.Progress.Done - s.Seeders,
		HostLeft:        s.Progress.Hosts - s.Progress.Done - s.Leechers,
	}
}

// RackStatistics are a rack's share in a transfer.
type RackStatistics struct {
	Peers           int // live
	Representatives int // live
	Seeders         int // live
	Progress        Progress
}

// RackPage is a part of a transfer's racks; see Page.
type RackPage struct {
	Racks map[Location]RackStatistics
	Next  string
}

// Progress sums what the hosts of a rack or a transfer have, over every host
// seen. Length is not in it: it belongs to the transfer.
type Progress struct {
	Hosts   int    // hosts seen
	Seeded  int    // of them, hosts that had everything when they first announced, and never lacked anything
	Done    int    // of them, hosts that have everything
	Unknown int    // of them, hosts that do not say what they lack
	Left    uint64 // bytes lacking, over the hosts that say so
}

// Add sums two Progresses.
func (p Progress) Add(q Progress) Progress {
	return Progress{p.Hosts + q.Hosts, p.Seeded + q.Seeded, p.Done + q.Done, p.Unknown + q.Unknown, p.Left + q.Left}
}

// Complete says whether hosts lacked something, and all have everything.
func (p Progress) Complete() bool { return p.Done == p.Hosts && p.Hosts > p.Seeded }

// Delivered is the Progress of the hosts that lacked something.
func (p Progress) Delivered() Progress {
	return Progress{Hosts: p.Hosts - p.Seeded, Done: p.Done - p.Seeded, Unknown: p.Unknown, Left: p.Left}
}

// Share is the mean share of the payload that the hosts have, from 0 to 1.
// A host that does not say what it lacks counts as one that has nothing.
func (p Progress) Share(length uint64) float64 {
	if p.Hosts == 0 {
		return 0
	}
	if p.Done == p.Hosts {
		return 1
	}
	whole := float64(p.Hosts) * float64(length)
	if whole == 0 {
		return float64(p.Done) / float64(p.Hosts)
	}
	lacking := float64(p.Left) + float64(p.Unknown)*float64(length)
	return min(max(1-lacking/whole, 0), 1)
}

// Percent writes a share as the older tracker did: "66.67%". Only a share of
// one is "100.00%".
func Percent(share float64) string {
	if share < 1 {
		share = min(share, 0.9999)
	}
	return fmt.Sprintf("%.2f%%", 100*share)
}

// Set is one of a transfer's lists that an operator may read.
type Set uint8

// The lists of a transfer.
const (
	SetPeers           Set = iota // every host seen, as "ip:port"
	SetSeeders                    // live seeders, as "ip:port"
	SetLeechers                   // live leechers, as "ip:port"
	SetRepresentatives            // live representatives of racks, as "ip:port"
	SetRacks                      // racks seen, as Location
)

// Page is a part of a Set. Pages hold about as many entries as were asked for;
// an entry that joins or leaves between two pages may be missed or come twice.
type Page struct {
	Entries []string
	Next    string // cursor of the next page; empty at the end
}
