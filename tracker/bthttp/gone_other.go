//go:build !linux

package bthttp

import (
	"syscall"
	"time"

	"github.com/p2ptracker/p2ptracker/tracker"
)

// Elsewhere than on Linux nobody is known to have gone.
func hasGone(syscall.RawConn, time.Duration, tracker.Event) bool { return false }
