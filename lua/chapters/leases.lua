-- Leases, under REPR_SCOPE=rack: how long a place may be held. The bound is counted where the group is, see
-- ../lease.lua. {HASH}:leases keeps the token of each place as GROUP ADDRESS, and as GROUP the
-- highest token whose lease was released: one that is not higher takes no place any more.
--
-- A place is held by a token for ttl and a quarter, and the token is renewed at the first announce after
-- that quarter: so it never runs out before the host that announced last within it is due.

-- good_for is the last second in which an announce needs no newer token than this one.
local function good_for(token)
  return math.floor(token / 1e6 + ttl / 4)
end

-- held_for is what the token of a place is good for; 0 if nobody holds it.
local function held_for(swarm_name, addr)
  local token = call('HGET', key('leases'), group_of(swarm_name) .. ' ' .. addr)
  return token and good_for(token) or 0
end

-- lapse takes the place of a representative whose lease has run out, and returns whether it has.
local function lapse(swarm_name, addr)
  local over = held_for(swarm_name, addr) <= due
  if over then
    lose_at(swarm_name, addr, 'lapsed')
  end
  return over
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
  local name = 'rack:' .. rack .. ':R'
  call('ZREM', key('pages'), name)
  if first < math.huge then
    look_at(name, first)
  end
end
