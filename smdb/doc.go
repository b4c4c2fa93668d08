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
// REST is the source of the older tracker, the server-management database
// (SMDB); HTTP asks any service that answers in JSON. Subnet groups hosts by
// their addresses, where there is nobody to ask. A new source is one file with
// one type that implements Source; whoever is asked over a network stands behind
// the bounds of remote.go.
package smdb
