// Package smdb answers one question: where is this host?
//
// The way of a lookup: tracker.Tracker asks Cache.Locate. A Chain is split before its
// first remote source: what comes before it, such as subnets or a file, is at hand and
// is asked each time, so that what changes there holds at once. The rest is asked by a
// lookup, whose answer is remembered for as long as CacheOptions say. A host that is
// known is answered from memory, and again looked up in the background when it is TTL
// old. One that is not known is looked up once, however many announces wait for it. Each
// waits until its own deadline and no longer; what comes later serves its next try.
//
// A lookup first asks the Memory, which all frontends share: another one may have asked
// the sources already. What it has is taken if it is younger than TTL; if the sources
// fail, an older place is better than none, up to MaxStale after a source said it. An
// answer of the sources is written there in the background. A Memory that is away costs
// a lookup a bounded time, and nothing else.
//
// Cache.Refresh makes all frontends forget what they remember. It begins a generation:
// an answer belongs to the one in which its lookup began, and frontends look every
// second which it is now.
//
// The sources: smdb, the server-management database of the older tracker, is REST; http
// asks any service that answers in JSON; dns-txt and dns-loc ask the DNS; pattern reads a
// host's name there, or its address; command asks a program; file and subnet are at hand.
// A new source is one file and a line in Settings. Whoever is remote stands behind the
// bounds of remote.go. A source may also find that a host has no one valid place: like a
// failure that ends the question, and the last place stands. So does an answer that cannot
// be read: ErrNotFound is only what says plainly that a host is not known. Several records
// of a host that name one rack are one answer (oneplace.go).
package smdb
