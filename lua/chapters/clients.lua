-- Some clients announce their new pieces to peers late (slow news, see tracker.TraitsOf). A client
-- that connects to another one before that has anything waits up to 120 s for its pieces. One that
-- connects some seconds later sees them at once. So a start of such a client may be deferred: the
-- client fails, and comes back in 5 s, after a second failure in 10 s more. Until then it is not
-- live: nobody connects to it, and another client that comes first represents the rack.
--
-- {HASH}:deferred keeps when a peer id and key was deferred.

-- is_fresh says whether the host at an address is such a client, and started within so many
-- seconds.
local function is_fresh(addr, seconds)
  local slow_news, started = unpack(call('HMGET', record_key(addr), 'slow_news', 'event:started'))
  return slow_news and started and started > rfc3339(now - seconds)
end

-- should_defer says whether a host should announce again in some seconds. It starts, its news are
-- slow, and nobody in its rack has everything. Besides, nobody is there, or the first
-- representative is such a client that has just started. A host that did not come back at once is
-- not deferred again: its next try may take minutes.
local function should_defer(host, a)
  local COMES_BACK = 7 -- seconds within which a host comes back at once
  local KEPT = 1800 -- seconds: an rtorrent that failed often asks again after 640 s at most
  local MOST = 65536 -- hosts in `deferred`; beyond that nobody is deferred
  local JUST_STARTED = 30 -- seconds since the first representative started, for a first deferral
  local HEAD_START = 4 -- likewise, for a second one
  local known = host.state and host.state ~= 'gone'
  if not a.slow_news or known or a.event ~= 'started' or a.left == '0' then
    return false
  end
  local deferred_at = tonumber(call('HGET', key('deferred'), host.id))
  local rack = read_swarm(swarms_of(host.before and a.location or host.rack)[1])
  if rack.seeders > 0 or deferred_at and deferred_at < now - COMES_BACK or call('HLEN', key('deferred')) >= MOST then
    return false
  end
  local first = string.match(rack.lines, '^\n%a+ (%S+)')
  if first and not is_fresh(first, deferred_at and HEAD_START or JUST_STARTED)
    or not first and (deferred_at or rack.leechers > 0) then
    return false
  end
  call('HSET', key('deferred'), host.id, now)
  call('EXPIRE', key('deferred'), KEPT)
  return true
end
