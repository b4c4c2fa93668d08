-- An rtorrent that connects to one that has nothing yet hears of its pieces only with the next
-- keep-alive (rtorrent.lua), in up to 120 s; one that connects a few seconds later sees them at once. So
-- an rtorrent that starts may be told to come back: after a first failure it does so in 5 s, and if it is
-- told again, in 10 s more. Until then it is not live, so nobody connects to it, and another client that
-- comes first leads the rack, which would else take over from it (lead.lua) and fetch from outside as well.
-- `deferred` keeps when a peer id and key was told.

-- include: rtorrent

-- first_of is who represents a rack for longest: its address, its peer id, and when it started.
local function first_of(rack)
  local first = string.match(rack.lines, '^\n%a+ (%S+)')
  if first then
    local r = call('HMGET', record_key(first), 'peer_id', 'event:started')
    return first, r[1], r[2] or ''
  end
end

-- should_defer says whether a host had better ask again in some seconds: it is an rtorrent that starts,
-- nobody in its rack has everything, and nobody is there, or another rtorrent leads that has just
-- started. Who comes back later than at once is not told again: its next try may take minutes.
local function should_defer(host)
  local COMES_BACK = 7 -- seconds after which one that was told once has come back
  local FORGOTTEN = 1800 -- seconds: an rtorrent that failed often asks again after 640 s at most
  local MOST = 65536 -- marks; more are not kept, and nobody is told
  local JUST_STARTED = 30 -- seconds that the one that leads should have had, at first
  local HEAD_START = 4 -- and if the other one was told before
  local known = host.state and host.state ~= 'gone'
  if known or event ~= 'started' or left == '0' or not is_rtorrent(peer_id) then
    return false
  end
  local told_at = tonumber(call('HGET', deferred, host.id))
  local rack = read_swarm(swarms_of(host.before and location or host.rack)[1])
  if rack.seeders > 0 or told_at and told_at < now - COMES_BACK or call('HLEN', deferred) >= MOST then
    return false
  end
  local first, id, started = first_of(rack)
  if not first and (told_at or rack.leechers > 0) then
    return false
  elseif first and not (is_rtorrent(id) and started > rfc3339(now - (told_at and HEAD_START or JUST_STARTED))) then
    return false
  end
  call('HSET', deferred, host.id, now)
  call('EXPIRE', deferred, FORGOTTEN)
  return true
end
