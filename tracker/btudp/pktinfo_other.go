//go:build !linux

package btudp

// Elsewhere than on Linux replies come from the address that the system chooses.
const infoSize = 0

func anyInterface([]byte) {}
