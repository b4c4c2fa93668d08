-- Leases, under REPR_SCOPE=rack: how long a place may be held. What takes one is in places.lua. Others
-- are counted where the group is, see ../lease.lua.

-- include: good

-- held_for is what the token of a place is good for, or nil if nobody holds it.
local function held_for(swarm, addr)
  local token = call('HGET', leases, group_of(swarm) .. ' ' .. addr)
  return token and good_for(token)
end

-- lapse withdraws a representative whose lease has run out, and returns whether it has.
local function lapse(swarm, addr)
  if (held_for(swarm, addr) or 0) > due then
    return false
  end
  local host = load_host(addr)
  local path = host and swarms_of(host.rack) or {}
  local level = level_of(path, swarm)
  if level then
    withdraw(host, path, level, 'lapsed')
    write_state(host)
  end
  strike(swarm, addr) -- if its record was lost
  return true
end

-- lapse_leases looks at all places of a rack's hosts, and notes when to look again.
local function lapse_leases(rack)
  local path, first = swarms_of(rack), math.huge
  for _, addr in ipairs(call('SMEMBERS', path[1] .. ':R')) do
    for level = 1, #path - 1 do
      if lapse(path[level], addr) then
        break
      end
      first = math.min(first, held_for(path[level], addr))
    end
  end
  call('ZREM', shelves, 'rack:' .. rack .. ':R')
  if first < math.huge then
    may_be_due(path[1] .. ':R', first)
  end
end
