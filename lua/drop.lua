--[[
drop: forgets a host for an operator, for instance one that will not come back, so that it no
longer counts. If it announces afterwards, it is a new host.

Invariants: those of announce. Done twice it changes nothing.

KEYS
   1 {HASH}:registered       2 {HASH}:first_started    3 {HASH}:summary
   4 {HASH}:peers:N          5 {HASH}:peers:R          6 {HASH}:peers:S
   7 {HASH}:peers:L          8 {HASH}:peers:P          9 {HASH}:racks
  10 {HASH}:hosts           11 {HASH}:progress        12 {HASH}:pages
  13 {HASH}:leases

ARGV
   1 now      unix time in seconds; empty: the clock of Redis
   2 address  ip:port of the host, either one if it has two; or an ip ([v6]): all hosts last seen
              there

Returns {status} or {status, addresses, effects}. addresses: of the hosts that were dropped, empty
if there were none; effects: as in announce.

Status: 1 done; 2 call again; 0 the transfer is not active.

Cost: grows with the hosts dropped, at most 64.
]]
local call = redis.call

-- include: clock
-- include: names
-- include: pages
-- include: host
-- include: swarm
-- include: places
-- include: sums
-- include: index

local registered, address = KEYS[1], ARGV[2]

if call('EXISTS', registered) == 0 then
  return { 0 }
end
local MOST = 64 -- in a call

-- addresses_on returns the addresses of the hosts at an IP address, or at an address.
local function addresses_on(at)
  if load_host(at) then
    return { at }
  end
  local _, gone, live = machine_at(at)
  return addresses_in(gone .. live, at, MOST)
end

local dropped, addresses = {}, addresses_on(address)
for _, addr in ipairs(addresses) do
  local host = load_host(addr)
  if host then
    forget(host, 'dropped')
    dropped[#dropped + 1] = host.address
  else -- its record was lost
    write_machine(addr, nil)
  end
end
if #dropped > 0 then
  write_summary()
  tell_completed()
end
return { #addresses == MOST and 2 or 1, dropped, all_effects() }
