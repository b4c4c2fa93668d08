package tracker

import (
	"errors"
	"fmt"
)

// ClientError is a fault of the request. Its text is static and holds nothing
// of the request, so it may be shown to whoever asked.
type ClientError string

func (e ClientError) Error() string { return string(e) }

// StoreError is an ErrUnavailable that says what an operator is to do about the store. Its text
// holds no address and no secret, so anybody may read it.
type StoreError string

func (e StoreError) Error() string { return string(e) }

// Is says that the store cannot be asked.
func (StoreError) Is(target error) bool { return target == ErrUnavailable }

// The conditions that callers tell apart. Adapters wrap them with %w.
var (
	// ErrUnavailable: the store cannot be asked now.
	ErrUnavailable = errors.New("store unavailable")
	// ErrForgotten: the store lost its data, so the transfer may become active again soon.
	ErrForgotten = fmt.Errorf("%w: it lost its data", ErrUnavailable)
	// ErrBusy: too much is under way to begin anything more.
	ErrBusy = errors.New("too many requests under way")
	// ErrLate: nobody waits for the answer any more.
	ErrLate = errors.New("asked too long ago")
	// ErrTooEarly: the host would be better served in some seconds.
	ErrTooEarly = errors.New("too early")
	// ErrCrowded: the host's IP address has as many hosts in the transfer as it may.
	ErrCrowded = errors.New("too many hosts at this address")
	// ErrEnded: an operator has ended the transfer, and wants its clients to stop.
	ErrEnded = errors.New("transfer has ended")
	// ErrLocationUnknown: where the host stands cannot be had now (R11).
	ErrLocationUnknown = errors.New("location unknown")
	// ErrNotTrusted: X-Forwarded-For came from an address that TRUSTED_PROXIES does not name.
	ErrNotTrusted = errors.New("X-Forwarded-For from an address that TRUSTED_PROXIES does not name")
	// ErrNoClient: a proxy does not say, or not so that it makes sense, who the client is.
	ErrNoClient = errors.New("no client in the X-Forwarded-For of a proxy")
	// ErrNotFound: there is no such torrent or transfer.
	ErrNotFound = errors.New("not found")
	// ErrNameTaken: another torrent has this name.
	ErrNameTaken = errors.New("name taken by another torrent")
	// ErrHashTaken: this torrent is registered under another name.
	ErrHashTaken = errors.New("torrent registered under another name")
)

// TakenError is ErrNameTaken or ErrHashTaken, and says whose the name, or the torrent, is.
type TakenError struct {
	Reason error
	By     string // the info hash that has the name, or the name that the torrent has; empty: not known
}

func (e TakenError) Error() string { return e.Reason.Error() }

// Unwrap is for errors.Is.
func (e TakenError) Unwrap() error { return e.Reason }
