-- Leases, under REPR_SCOPE=rack, bound how long a place is held. ../lease.lua counts them where the
-- group is. {HASH}:leases keeps the token of each place as GROUP ADDRESS, and as GROUP the highest
-- token whose lease was released: no token up to that one takes a place any more.
--
-- A token holds a place for ttl and a quarter. It is renewed at the first announce after that
-- quarter, so a host that announced before is due first.

-- good_for is the last second in which an announce needs no newer token than this one.
local function good_for(token)
  return math.floor(token / 1e6 + ttl / 4)
end

-- held_for is good_for the token of a place; 0 if nobody holds it.
local function held_for(swarm_name, addr)
  local token = call('HGET', key('leases'), group_of(swarm_name) .. ' ' .. addr)
  return token and good_for(token) or 0
end

-- lose_lapsed makes a representative lose its place if its lease has run out, and returns whether
-- it has.
local function lose_lapsed(swarm_name, addr)
  local over = held_for(swarm_name, addr) <= due
  if over then
    lose_at(swarm_name, addr, 'lapsed')
  end
  return over
end

-- lose_lapsed_of checks the leases of all hosts of a rack, and notes when to check them again.
local function lose_lapsed_of(rack)
  local path, first = swarms_of(rack), math.huge
  for _, addr in ipairs(call('SMEMBERS', path[1] .. ':R')) do
    for level = 1, #path - 1 do
      if lose_lapsed(path[level], addr) then
        break
      end
      first = math.min(first, held_for(path[level], addr))
    end
  end
  local name = 'rack:' .. rack .. ':R'
  call('ZREM', key('pages'), name)
  if first < math.huge then
    check_from(name, first)
  end
end
