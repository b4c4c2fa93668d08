--[[
evict: makes a transfer that registered itself inactive, if nobody used it for ttl. `archive`
archives its keys, which are kept for a second.

Invariants: those of announce and of close. A transfer that somebody registered stays.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:first_completed  5 {HASH}:last_completed   6 {HASH}:summary
   7 {HASH}:peers:N          8 {HASH}:peers:R          9 {HASH}:peers:S
  10 {HASH}:peers:L         11 {HASH}:peers:P         12 {HASH}:racks
  13 {HASH}:hosts           14 {HASH}:progress        15 {HASH}:pages
  16 {HASH}:leases          17 {HASH}:closed          18 {HASH}:deregistered
  19 {HASH}:name

ARGV
   1 now  unix time in seconds; empty: the clock of Redis
   2 ttl  seconds of silence after which a host is not live

Returns {status} or {status, effects, since}. effects: as in announce; since: unix time since when
perhaps nobody used the transfer.

Status: 1 it is inactive now; 2 call again; 3 it is in use; 0 it was not active, or somebody
registered it.

Cost: bounded, as in announce.
]]
local call = redis.call

-- include: clock
-- include: names
-- include: pages
-- include: host
-- include: liveness
-- include: swarm
-- include: places
-- include: sums
-- include: index
-- include: machine
-- include: leases
-- include: expiry
-- include: shut

local registered, name = KEYS[1], KEYS[19]
-- Seconds that the keys are kept.
local KEPT = 1

if call('EXISTS', registered) == 0 or call('EXISTS', name) == 1 then
  return { 0 }
end
local status = 3
if summary.oldest <= due then
  expire()
  status = backlog and 2 or summary.complete + summary.incomplete > 0 and 3 or 1
end
write_summary()
tell_completed()
if status == 1 then
  shut(KEPT, '', ' ' .. KEPT)
end
return { status, all_effects(), summary.oldest }
