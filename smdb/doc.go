// Package smdb answers one question: where is this host?
//
// The way of a lookup: tracker.Tracker asks Cache.Locate. A host that is known
// is answered from memory. One that is not is asked for once, however many
// announces wait for it: Cache asks its Source within a bounded time of its
// own, sorts what it says (found, known to be nowhere, or failed), remembers
// that for as long as CacheOptions say, and logs it once. Each announce waits
// until its own deadline and no longer; what comes later serves its next try.
//
// REST is the source of the older tracker, the server-management database
// (SMDB); HTTP asks any service that answers in JSON. Subnet groups hosts by
// their addresses, where there is nobody to ask. A new source is one file with
// one type that implements Source; whoever is asked over a network stands behind
// the bounds of remote.go.
package smdb
