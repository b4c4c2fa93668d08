--[[
again: the announce of a host that only says that it is still there, as nearly all do. It writes
down its numbers and hands out its peers. Whatever else is to be done, the call writes nothing,
and the frontend calls `announce` instead.

Invariants: those of announce. The host, its rack and its state are as recorded, it has all places
that it may have, somebody leads each group that it represents, and nobody is due.

KEYS
   1 {HASH}:summary   2 {HASH}:progress   3 {HASH}:peer:ADDRESS
   4… of the location, from the rack outwards: of the rack progress, of each group the swarm;
      then {HASH}:swarm and, under REPR_SCOPE=rack, {HASH}:leases. Shelves are chosen within
      the call

ARGV
   1 now          unix time in seconds; empty: the clock of Redis
   2 seed         of this call's random choice, an unsigned 32 bit number
   3 also         ip:port of the other family; may be empty
   4 peer_id      20 bytes
   5 key          as sent; may be empty
   6 left         bytes; empty: not known
   7 uploaded     bytes
   8 downloaded   bytes
   9 want         peers wanted, 0 to MAXPEERS
  10 max_repr     representatives of a group
  11 ttl          seconds of silence after which a host is not live
  12 location     path of groups, the rack last
  13 scope        of max_repr: transfer or rack
  14 probe_interval  seconds; whether all representatives in view are probed is looked at;
                  empty: it is not

Returns {status} or {status, summary, represents, also, view…}, as announce does.

Status: 1 recorded; 0 there is more to do, nothing was written.

Cost: grows with want and max_repr, never with the swarm.
]]
local summary, progress, record, rack_progress = unpack(KEYS, 1, 4)
local now, seed, also, peer_id, key, left, uploaded, downloaded, want, max_repr, ttl, location,
  scope, probe_interval = unpack(ARGV, 1, 14)
local call = redis.call
want, max_repr = tonumber(want), tonumber(max_repr)

-- include: shelf
-- include: draw

local known = call('HMGET', record, 'peer_id', 'key', 'rack', 'left', 'shelves', 'state', 'also')
if known[1] ~= peer_id or (known[2] or '') ~= key or known[3] ~= location or (known[4] == '0') ~= (left == '0')
  or (known[4] == '') ~= (left == '') or known[6] or also ~= '' and also ~= known[7] then
  return { 0 }
end

-- It stands on one shelf in its rack, and on one around each group that it leads.
local represents = known[5] and select(2, string.gsub(known[5], ' ', '')) or 0
local values = call('MGET', summary, unpack(KEYS, 5, 5 + represents))
now = now ~= '' and now or call('TIME')[1]
local due = now - ttl
local oldest = tonumber(string.match(values[1] or '', '^%d+'))
if not oldest or oldest <= due then -- it is not active, or somebody is due
  return { 0 }
end

local stands_by = represents > 0 and string.find(known[5], ' 0', 1, true)
if stands_by and known[4] == left and left ~= '0' then
-- include: stalled
  if string.find(values[1], '^%d+ [1-9]') and is_stalled(call('HGET', record, 'last_seen')) then
    return { 0 } -- it stands by, and may have to lead
  end
end

local leases = scope == 'rack' and KEYS[#KEYS]
local groups = #KEYS - (leases and 6 or 5)
local reply = { 1, values[1], represents, known[7] or '' }
for level = 1, represents + 1 do
  local leechers, seeders, places, leads = string.match(values[1 + level] or '', '^(%d+) (%d+) (%d+) (%d)')
  leechers, seeders, places = tonumber(leechers), tonumber(seeders), tonumber(places)
  if not places or level <= represents and (places > max_repr or leads == '0')
    or level > represents and level <= groups and places < max_repr then
    return { 0 }
  end
  if stands_by and level <= represents then
-- include: led
  end
  if leases and level <= groups then
-- include: held
  end
  if probe_interval ~= '' and level <= groups then
-- include: watched
  end
  if want > 0 then
    reply[#reply + 1] = values[1 + level]
    local stands_here = stands_by and string.find(known[5], '^' .. string.rep('%d+ ', level - 1) .. '0')
    draw(KEYS[4 + level], leechers, left == '0' and 0 or seeders, want + places + 1, reply,
      stands_here and number_of(record) or seed)
  end
end

call('HSET', record, 'last_seen', now, 'left', left, 'uploaded', uploaded, 'downloaded', downloaded)
if known[4] ~= left then
  local by = string.format('%.0f', left - known[4])
  call('HINCRBY', progress, 'left', by)
  call('HINCRBY', rack_progress, 'left', by)
end
return reply
