-- Places of representatives. The live hosts of a group's swarm take its places in the order in
-- which they announce (R1, R6). A partial seed takes one only if nobody else can, and loses it to
-- the first that can. A place is also lost by a stop, expiry, a failed probe, a lowered bound or a
-- lost lease.

-- effects: what the frontend is to do after the call, see the header of announce.lua. lost: places,
-- by GROUP ADDRESS. A place that is lost and taken again within one call was never lost.
local effects, lost = {}, {}

local function tell(...)
  effects[#effects + 1] = table.concat({ ... }, ' ')
end

-- all_effects is to be called once, at the end.
local function all_effects()
  for _, place in pairs(lost) do
    tell('demoted', place.why, place.group, place.address, now - place.seen,
      call('SCARD', tag .. ':rack:' .. place.group .. ':R'), transfer_name())
    if place.token then
      tell('settle', place.group, place.address, place.token)
    end
  end
  return effects
end

-- remove_representative removes an address from the representatives of a group. It needs no record.
-- It returns whether the address was among them.
local function remove_representative(swarm_name, addr)
  if call('SREM', swarm_name .. ':R', addr) == 0 then
    return false
  end
  local swarm, lines = read_swarm(swarm_name), {}
  for line in string.gmatch(swarm.lines, '\n[^\n]+') do
    if string.match(line, '^\n%a+ (%S+)') ~= addr then
      lines[#lines + 1] = line
    end
  end
  swarm.generation, swarm.representatives, swarm.lines = swarm.generation + 1, #lines, table.concat(lines)
  write_swarm(swarm)
  return true
end

-- lose_place makes a host lose its place in path[level], and returns whether it had one.
local function lose_place(host, path, level, why)
  if not remove_representative(path[level], host.address) then
    return false
  end
  local group = group_of(path[level])
  local place = group .. ' ' .. host.address
  lost[place] = { why = why, group = group, address = host.address, token = call('HGET', key('leases'), place),
    seen = call('HGET', record_key(host.address), 'last_seen') or now }
  call('HDEL', key('leases'), place)
  if level == 1 then
    call('SREM', key('peers:R'), host.address)
  end
  return true
end

-- lose_places makes a host lose its places from path[level] outwards, and leave the swarms around.
-- why: stopped, finished (it stopped, and had everything), expired, changed, moved, replaced,
-- dropped, bound, lapsed, yielded, probe.
local function lose_places(host, path, level, why)
  local outermost = level
  while outermost < #path and lose_place(host, path, outermost, why) do
    outermost = outermost + 1
  end
  for beyond = outermost, level + 1, -1 do
    leave(host, path, beyond)
  end
end

-- lose_at makes the host at an address lose its places from a swarm outwards. Its record may be
-- lost.
local function lose_at(swarm_name, addr, why)
  local host = load_host(addr)
  local path = host and swarms_of(host.rack) or {}
  local level = level_of(path, swarm_name)
  if level then
    lose_places(host, path, level, why)
    write_state(host)
  end
  remove_representative(swarm_name, addr)
end

-- write_live_sets adds a host to the live sets that an operator reads (SADD), or removes it (SREM).
local function write_live_sets(verb, host)
  local rack_swarm = tag .. ':rack:' .. host.rack
  call(verb, rack_swarm .. ':N', host.address)
  if host.state == 'seeder' then
    call(verb, key('peers:S'), host.address)
    call(verb, rack_swarm .. ':S', host.address)
  else
    call(verb, key('peers:L'), host.address)
  end
  if host.state == 'paused' then
    call(verb, key('peers:P'), host.address)
  end
  summary.complete, summary.incomplete = call('SCARD', key('peers:S')), call('SCARD', key('peers:L'))
end

-- enter makes a host live: it joins its rack. What it represented before, it has lost: its stamp
-- goes, even if the announce is another host's.
local function enter(host)
  host.live = true
  note(host.address, 'stamp', '')
  join(host, swarms_of(host.rack), 1)
  write_live_sets('SADD', host)
end

-- depart makes a host live no more: it loses its places and leaves its swarms. why is that of
-- lose_places.
local function depart(host, why)
  local path = swarms_of(host.rack)
  lose_places(host, path, 1, why)
  leave(host, path, 1)
  write_live_sets('SREM', host)
  host.live = false
end
