-- An rtorrent that connects to one that has nothing yet hears of its pieces only with the next
-- keep-alive (rtorrent.lua), in up to 120 s; one that connects a few seconds later sees them at once.

local JUST_STARTED = 30 -- seconds

-- should_defer says whether a host that has just started had better ask again in some seconds: it is an
-- rtorrent, its rack is led by another one that has just started as well, and nobody there has
-- everything.
local function should_defer(host, path)
  if event ~= 'started' or left == '0' or not is_rtorrent(host.id) then
    return false
  end
  local rack = read_swarm(path[1])
  local first = rack.leads and rack.seeders == 0 and first_of(rack)
  if not first or first == host.address then
    return false
  end
  local r = call('HMGET', record_key(first), 'peer_id', 'event:started')
  return is_rtorrent(r[1]) and (r[2] or '') > rfc3339(now - JUST_STARTED)
end
