-- Places of representatives. The places of a group are taken by the live hosts of its swarm in the order in
-- which they announce (R1, R6). A partial seed takes one only if nobody else can, and gives it up for
-- the first that can. A place is lost by stopping, expiry, a failed probe, a lowered bound or a
-- lost lease.

-- What the frontend is to do after the call, see the header of announce.lua. A place that is lost and taken
-- again within one call was never lost.
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

-- strike takes an address out of the representatives of a group, even if its record was lost. It
-- returns whether it was among them.
local function strike(swarm_name, addr)
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

-- lose_place takes a host's place in path[level], and returns whether it had one.
local function lose_place(host, path, level, why)
  if not strike(path[level], host.address) then
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

-- lose_places takes a host's places from path[level] outwards, and takes it out of the swarms around. why:
-- stopped, finished (it stopped, and had everything), expired, changed, moved, replaced, dropped, bound,
-- lapsed, yielded, probe.
local function lose_places(host, path, level, why)
  local outermost = level
  while outermost < #path and lose_place(host, path, outermost, why) do
    outermost = outermost + 1
  end
  for beyond = outermost, level + 1, -1 do
    leave(host, path, beyond)
  end
end

-- lose_at takes the places from a swarm outwards of the host at an address, whatever its path; its
-- record may be lost.
local function lose_at(swarm_name, addr, why)
  local host = load_host(addr)
  local path = host and swarms_of(host.rack) or {}
  local level = level_of(path, swarm_name)
  if level then
    lose_places(host, path, level, why)
    write_state(host)
  end
  strike(swarm_name, addr)
end

-- mark puts a host into the live sets that an operator reads (SADD), or takes it out (SREM).
local function mark(verb, host)
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

-- enter makes a host live in its rack.
local function enter(host)
  host.live = true
  join(host, swarms_of(host.rack), 1)
  mark('SADD', host)
end

-- depart takes a live host out of every live set; why is that of lose_places.
local function depart(host, why)
  local path = swarms_of(host.rack)
  lose_places(host, path, 1, why)
  leave(host, path, 1)
  mark('SREM', host)
  host.live = false
end
