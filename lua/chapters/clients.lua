-- Clients whose new pieces their peers hear of late (slow news, see tracker.TraitsOf). One that connects to another
-- that has nothing yet waits up to 120 s for its pieces; one that connects some seconds later sees them at once.
-- So such a client that starts may be told to come back: after a first failure it does so in 5 s, and if it
-- is told again, in 10 s more. Until then it is not live: nobody connects to it, and another client that
-- comes first represents the rack.
--
-- {HASH}:deferred keeps when a peer id and key was told.

-- is_fresh says whether the host at an address is such a client, and started so many seconds ago or later.
local function is_fresh(addr, seconds)
  local slow_news, started = unpack(call('HMGET', record_key(addr), 'slow_news', 'event:started'))
  return slow_news and started and started > rfc3339(now - seconds)
end

-- should_defer says whether a host had better ask again in some seconds: it starts, its news are slow, nobody in
-- its rack has everything, and nobody is there, or the first representative is such a client that has just
-- started. One that comes back later than at once is not told again: its next try may take minutes.
local function should_defer(host, a)
  local COMES_BACK = 7 -- seconds after which one that was told once has come back
  local FORGOTTEN = 1800 -- seconds: an rtorrent that failed often asks again after 640 s at most
  local MOST = 65536 -- marks; more are not kept, and nobody is told
  local JUST_STARTED = 30 -- seconds that the first representative should have had, at first
  local HEAD_START = 4 -- and if the other one was told before
  local known = host.state and host.state ~= 'gone'
  if not a.slow_news or known or a.event ~= 'started' or a.left == '0' then
    return false
  end
  local told_at = tonumber(call('HGET', key('deferred'), host.id))
  local rack = read_swarm(swarms_of(host.before and a.location or host.rack)[1])
  if rack.seeders > 0 or told_at and told_at < now - COMES_BACK or call('HLEN', key('deferred')) >= MOST then
    return false
  end
  local first = string.match(rack.lines, '^\n%a+ (%S+)')
  if first and not is_fresh(first, told_at and HEAD_START or JUST_STARTED)
    or not first and (told_at or rack.leechers > 0) then
    return false
  end
  call('HSET', key('deferred'), host.id, now)
  call('EXPIRE', key('deferred'), FORGOTTEN)
  return true
end
