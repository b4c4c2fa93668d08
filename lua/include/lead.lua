-- Of the representatives of a group one leads: it is handed peers from outside, and stands on a
-- shelf of the swarm around, to be handed to others. The others stand by, on none: the number of
-- theirs is 0. Each host that fetches from outside costs its rack a copy of the payload, or a good
-- part of one.
--
-- While none leads, the first representative to announce does. It is handed what it needs in the
-- same reply; others may be silent for minutes.

-- depose lets the one that leads stand by.
local function depose(swarm)
  local host = load_host(first_of(swarm))
  local path = host and swarms_of(host.rack) or {}
  local level = level_of(path, swarm.name)
  if level then
    take(host, path, level + 1)
    host.shelves[level + 1] = 0
    write_state(host)
  end
end

-- lead lets a representative of path[level] lead it.
local function lead(host, path, level)
  local swarm = read_swarm(path[level])
  if swarm.leads then
    depose(swarm)
    swarm = read_swarm(path[level])
  end
  local others = lines_without(swarm, host.address)
  swarm.lines, swarm.leads = '\n' .. kind(host) .. ' ' .. contact(host) .. others, true
  write_swarm(swarm)
  put(host, path, level + 1)
  call('HDEL', record_key(host.address), 'waits:' .. level)
end

-- include: rtorrent

-- Who leads may have to wait for its turn at its peers, and its rack with it. To take over from it
-- at once makes the rack fetch twice, and no faster (docs/simulator.md); after so many seconds there
-- is little hope.
local HOPELESS = 300

-- is_hopeless says whether neither a host that is stalled nor the one that leads got anything for so
-- long. `waits:LEVEL` of the record keeps since when, and what both lack: SINCE LEFT LEADER LEFT.
local function is_hopeless(host, level, leader, seen, its_left)
  local field, lacking = 'waits:' .. level, left .. ' ' .. leader .. ' ' .. its_left
  local since, of = string.match(call('HGET', record_key(host.address), field) or '', '^(%d+) (.*)$')
  if of ~= lacking then
    since = seen < host.stalled and host.stalled or now
    call('HSET', record_key(host.address), field, since .. ' ' .. lacking)
  end
  return tonumber(since) <= now - HOPELESS
end

-- should_lead says whether a representative of path[level] is to lead it: if nobody does; if an
-- rtorrent does that is not done, and the host is another client; or if it is hopeless.
local function should_lead(host, swarm, level)
  local first = swarm.leads and first_of(swarm)
  if not first or first == host.address then
    return not first
  end
  local r = call('HMGET', record_key(first), 'peer_id', 'left', 'last_seen')
  if is_rtorrent(r[1]) and r[2] ~= '0' and not is_rtorrent(host.id) then
    return true
  end
  return host.stalled and level <= host.represented
    and is_hopeless(host, level, first, tonumber(r[3]) or 0, r[2] or '')
end
