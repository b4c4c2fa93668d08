package tracker

// HostState is what became of a host of a transfer.
type HostState string

// The states of a host.
const (
	HostSeeding     HostState = "seeding"     // live, has everything
	HostDownloading HostState = "downloading" // live, lacks something
	HostPaused      HostState = "paused"      // live, lacks something and does not fetch it (BEP 21)
	HostDone        HostState = "done"        // stopped or silent, had everything
	HostLeft        HostState = "left"        // stopped or silent, lacked something
)

// HostStates are all of them.
var HostStates = []HostState{HostSeeding, HostDownloading, HostPaused, HostDone, HostLeft}

// Host is what is known of a host of a transfer.
type Host struct {
	Addr string // "ip:port"
	Place
	State  HostState
	Left   uint64 // bytes, or LeftUnknown
	Seeded bool   // it had everything when it first announced, and never lacked anything
}

// HostPage is a part of a transfer's hosts; see Page.
type HostPage struct {
	Hosts []Host
	Next  string
}
