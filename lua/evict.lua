--[[
evict: makes a transfer inactive that registered itself, if nobody used it for ttl. Its keys are
archived by `archive`, but not kept.

Invariants: those of announce and of close. A transfer that somebody registered stays.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:first_completed  5 {HASH}:last_completed   6 {HASH}:summary
   7 {HASH}:peers:N          8 {HASH}:peers:R          9 {HASH}:peers:S
  10 {HASH}:peers:L         11 {HASH}:peers:P         12 {HASH}:racks
  13 {HASH}:hosts           14 {HASH}:progress        15 {HASH}:shelves
  16 {HASH}:leases          17 {HASH}:closed          18 {HASH}:deregistered
  19 {HASH}:name

ARGV
   1 now  unix time in seconds; empty: the clock of Redis
   2 ttl  seconds of silence after which a host is not live

Returns {status} or {status, told, since}. told: as in announce; since: a unix time since when
perhaps nobody used it.

Status: 1 it is not active any more; 2 call again; 3 it is in use; 0 it is not active, or somebody
registered it.

Cost: bounded, as in announce.
]]
local registered, length, first_started, first_completed, last_completed, summary_key, peers_N, peers_R, peers_S,
  peers_L, peers_P, racks, hosts, progress, shelves, leases, closed, deregistered, name = unpack(KEYS, 1, 19)
local now, ttl = unpack(ARGV, 1, 2)
local call = redis.call
now, ttl = tonumber(now) or tonumber(call('TIME')[1]), tonumber(ttl)
local due = now - ttl
-- Seconds that the keys are kept.
local KEPT = 1

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
-- include: shut

if call('EXISTS', registered) == 0 or call('EXISTS', name) == 1 then
  return { 0 }
end
local status = summary.oldest <= due and 1 or 3
if status == 1 and expire() then
  status = 2
elseif summary.complete + summary.incomplete > 0 then
  status = 3
end
write_summary()
tell_completed()
if status == 1 then
  shut(KEPT, '', ' ' .. KEPT)
end
return { status, all_told(), summary.oldest }
