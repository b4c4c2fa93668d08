// The laboratory's own module: what only measuring needs stays out of the program's.
module github.com/p2ptracker/p2ptracker/lab

go 1.26.0

replace github.com/p2ptracker/p2ptracker => ../

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/p2ptracker/p2ptracker v0.0.0-00010101000000-000000000000
	github.com/redis/rueidis v1.0.79
	golang.org/x/sys v0.48.0
	pgregory.net/rapid v1.3.0
)

require (
	github.com/alicebob/miniredis/v2 v2.40.0 // indirect
	github.com/beorn7/perks v1.0.1 // indirect
	github.com/cespare/xxhash/v2 v2.3.0 // indirect
	github.com/maypok86/otter/v2 v2.4.0 // indirect
	github.com/munnerz/goautoneg v0.0.0-20191010083416-a7dc8b61c822 // indirect
	github.com/prometheus/client_golang v1.25.0 // indirect
	github.com/prometheus/client_model v0.6.3 // indirect
	github.com/prometheus/common v0.72.0 // indirect
	github.com/prometheus/procfs v0.22.0 // indirect
	github.com/yuin/gopher-lua v1.1.1 // indirect
	github.com/zeebo/bencode v1.0.0 // indirect
	google.golang.org/protobuf v1.36.12 // indirect
)
