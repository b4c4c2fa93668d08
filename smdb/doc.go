// Package smdb answers one question: where is this host?
//
// tracker.Tracker asks Cache.Locate. The cache asks a Chain of sources, whose sources are in
// the package sources. Those before the first remote one, such as subnets or a file, are asked
// each time, so that a change of theirs holds at once. The others are asked by a lookup, whose
// answer is kept for as long as CacheOptions say:
//
//   - A known host is answered from memory, and looked up again in the background when the
//     answer is TTL old.
//   - An unknown host is looked up once, however many announces wait for it. Each waits until
//     its own deadline; the answer that comes later serves its next try.
//
// A lookup first asks the Memory, which all frontends share, since another one may have asked
// the sources already. It takes the Memory's answer if that is younger than TTL; if the sources
// fail, it takes one younger than MaxStale. It writes the sources' answers there in the
// background. A Memory that is away costs a lookup a bounded time, and nothing else.
//
// Cache.Refresh makes all frontends drop their answers. It begins a generation: an answer
// belongs to the one in which its lookup began, and frontends read every second which it is.
//
// A remote source stands behind the bounds of remote.go. A source that finds no one valid place
// of a host ends the question as a failure does, and the last known place stays. ErrNotFound is
// only an answer that says plainly that the host is not known.
package smdb
