--[[
sweep: expires hosts that were silent for too long, a bounded few at a time. Announces do so, too.
This is for a transfer in which nobody announces any more, when somebody asks for its statistics.

Invariants: those of announce.

KEYS
   1 {HASH}:registered       2 {HASH}:length           3 {HASH}:first_started
   4 {HASH}:first_completed  5 {HASH}:last_completed   6 {HASH}:summary
   7 {HASH}:peers:N          8 {HASH}:peers:R          9 {HASH}:peers:S
  10 {HASH}:peers:L         11 {HASH}:peers:P         12 {HASH}:racks
  13 {HASH}:hosts           14 {HASH}:progress        15 {HASH}:pages
  16 {HASH}:leases

ARGV
   1 now  unix time in seconds; empty: the clock of Redis
   2 ttl  seconds of silence after which a host is not live

Returns {status} or {status, effects}. effects: as in announce.

Status: 1 no host is due any more; 2 call again; 0 the transfer is not active.

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

local registered = KEYS[1]

if call('EXISTS', registered) == 0 then
  return { 0 }
end
if summary.oldest <= due then
  expire()
end
write_summary()
tell_completed()
return { backlog and 2 or 1, all_effects() }
