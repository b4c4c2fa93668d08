--[[
sweep: lets hosts go that were silent for too long, a bounded few at a time. Announces do that
besides; this is for a transfer in which nobody announces any more, and somebody asks how it ended.

Invariants: those of announce.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:first_completed  5 {HASH}:last_completed   6 {HASH}:summary
   7 {HASH}:peers:N          8 {HASH}:peers:R          9 {HASH}:peers:S
  10 {HASH}:peers:L         11 {HASH}:peers:P         12 {HASH}:racks
  13 {HASH}:hosts           14 {HASH}:progress        15 {HASH}:shelves
  16 {HASH}:leases

ARGV
   1 now  unix time in seconds; empty: the clock of Redis
   2 ttl  seconds of silence after which a host is not live

Returns {status} or {status, told}. told: as in announce.

Status: 1 nobody is left who is due; 2 call again; 0 the transfer is not active.

Cost: bounded, as in announce.
]]
local registered, length, first_started, first_completed, last_completed, summary_key, peers_N, peers_R, peers_S,
  peers_L, peers_P, racks, hosts, progress, shelves, leases = unpack(KEYS, 1, 16)
local now, ttl = unpack(ARGV, 1, 2)
local call = redis.call
now, ttl = tonumber(now) or tonumber(call('TIME')[1]), tonumber(ttl)
local due = now - ttl

-- include: clock
-- include: keys
-- include: shelf
-- include: path
-- include: summary
-- include: host
-- include: state
-- include: swarm
-- include: shelves
-- include: identities
-- include: lose
-- include: progress
-- include: swarms
-- include: leases
-- include: forget
-- include: machine
-- include: expire

if call('EXISTS', registered) == 0 then
  return { 0 }
end
local again = summary.oldest <= due and expire()
write_summary()
tell_completed()
return { again and 2 or 1, all_told() }
