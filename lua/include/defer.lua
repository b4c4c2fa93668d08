-- An rtorrent that connects to one that has nothing yet hears of its pieces only with the next
-- keep-alive (rtorrent.lua), in up to 120 s; one that connects a few seconds later sees them at once. So
-- an rtorrent that starts may be told to come back: it does after 5 s, and if it is told again, after
-- 10 s more. Until then it is recorded nowhere, so nobody connects to it, and another client that comes
-- first leads the rack, which would else take over from it (lead.lua) and fetch from outside as well.
-- `deferred` keeps when a peer id and key was told.

local COMES_BACK = 7 -- seconds after which one that was told once has come back
local FORGOTTEN = 60 -- seconds after which it is as if one had never been told
local JUST_STARTED = 30 -- seconds that the one that leads should have had, at first
local HEAD_START = 4 -- and if the other one was told before

-- should_defer says whether a host had better ask again in some seconds: it is an rtorrent that starts,
-- nobody in its rack has everything, and nobody leads that, or another rtorrent does which has just
-- started. It is told twice at most.
local function should_defer(host)
  local known = host.state and host.state ~= 'gone'
  if known or event ~= 'started' or left == '0' or not is_rtorrent(peer_id) then
    return false
  end
  local ago = now - (tonumber(call('HGET', deferred, host.id)) or 0)
  local again = ago < FORGOTTEN
  local rack = read_swarm(swarms_of(location)[1])
  local first = rack.leads and first_of(rack)
  if again and ago > COMES_BACK or rack.seeders > 0 or again and not first then
    return false
  end
  local r = first and call('HMGET', record_key(first), 'peer_id', 'event:started')
  if r and not (is_rtorrent(r[1]) and (r[2] or '') > rfc3339(now - (again and HEAD_START or JUST_STARTED))) then
    return false
  end
  call('HSET', deferred, host.id, now)
  call('EXPIRE', deferred, FORGOTTEN)
  return true
end
