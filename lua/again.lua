--[[
again: the announce of a host that only says that it is still there, as nearly all do. It writes
the host's numbers and hands out its peers. It knows no rule: `announce` left a stamp in the host's
record (election.lua). If the stamp holds no more, the call writes nothing, and the frontend calls
`announce`.

Invariants: those of announce. The host, its rack and its state are as recorded, nothing has
changed that its places depend on, and nobody is due.

KEYS
   1 {HASH}:summary   2 {HASH}:progress   3 {HASH}:peer:ADDRESS
   4… of the location, from the rack outwards: of the rack progress, of each group the swarm; then
      {HASH}:swarm. Pages are chosen within the call

ARGV
   1 now          unix time in seconds; empty: the clock of Redis
   2 ttl          seconds of silence after which a host is not live
   3 seed         of this call's random choice, an unsigned 32 bit number
   4 also         ip:port of the other family; may be empty
   5 peer_id      20 bytes
   6 key          as sent; may be empty
   7 left         bytes; empty: not known
   8 uploaded     bytes
   9 downloaded   bytes
  10 want         peers wanted, 0 to MAXPEERS
  11 location     path of groups, the rack last
  12 word         for the rules that a stamp depends on

Returns {status} or {status, summary, represents, also, view…}, see announce.

Status: 1 recorded; 0 there is more to do, nothing was written.

Cost: grows with want and the number of representatives, never with the swarm.
]]
local call = redis.call

-- include: pages

local summary, progress, record, rack_progress = unpack(KEYS, 1, 4)
local now, ttl, seed, also, peer_id, key, left, uploaded, downloaded, want, location, word = unpack(ARGV, 1, 12)
want = tonumber(want)

local known = call('HMGET', record, 'peer_id', 'key', 'rack', 'left', 'also', 'stamp')
local stamped_word, represents, renew, generations = string.match(known[6] or '', '^(%S+) (%d+) (%d+)(.*)$')
if stamped_word ~= word or known[1] ~= peer_id or (known[2] or '') ~= key or known[3] ~= location
  or (known[4] == '0') ~= (left == '0') or (known[4] == '') ~= (left == '') or also ~= '' and also ~= known[5]
  or left ~= '' and tonumber(left) > tonumber(known[4]) then
  return { 0 }
end

represents = tonumber(represents)
local values = call('MGET', summary, unpack(KEYS, 5, 5 + represents))
now = tonumber(now) or tonumber(call('TIME')[1])
local oldest = tonumber(string.match(values[1] or '', '^%d+'))
if not oldest or oldest <= now - ttl or renew ~= '0' and tonumber(renew) <= now then
  return { 0 } -- the transfer is not active, or a host is due, or a lease to be renewed
end

local reply = { 1, values[1], represents, known[5] or '' }
local now_there = ''
for level = 1, represents + 1 do
  local text = values[1 + level] or ''
  local generation, leechers, seeders, representatives = string.match(text, '^(%d+) (%d+) (%d+) %d+ (%d+)')
  if not generation then
    return { 0 }
  elseif level <= #KEYS - 5 then -- the last swarm is the global one, which no group has
    now_there = now_there .. ' ' .. generation
  end
  if want > 0 then
    reply[#reply + 1] = text
    draw(KEYS[4 + level], tonumber(leechers), left == '0' and 0 or tonumber(seeders),
      want + tonumber(representatives) + 1, seed, reply)
  end
end
if now_there ~= generations then
  return { 0 }
end

call('HSET', record, 'last_seen', now, 'left', left, 'uploaded', uploaded, 'downloaded', downloaded)
if known[4] ~= left then
  local by = string.format('%.0f', left - known[4])
  call('HINCRBY', progress, 'left', by)
  call('HINCRBY', rack_progress, 'left', by)
end
return reply
