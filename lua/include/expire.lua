-- Hosts that were silent for too long leave within the announces of others, a bounded
-- few at a time, and so do representatives whose leases have run out. `oldest` holds for each
-- rack a time before which none of its hosts was last seen, and for which all of its
-- leases are good; it may lie too early, never too late.
local EXPIRE_RACKS, EXPIRE_HOSTS = 4, 16

local function is_due(addr)
  local seen = tonumber(call('HGET', record_key(addr), 'last_seen'))
  return not seen or seen <= due
end

local function expire_host(addr)
  local host = load_host(addr)
  if host and host.live then
    leave(host, 'expired')
    call('HSET', record_key(addr), 'state', 'gone')
  end
end

-- expire_if_due lets a host go that should have gone already.
local function expire_if_due(host)
  if backlog and host.live and is_due(host.address) then
    expire_host(host.address)
    host.live = false
  end
end

-- expire_contact lets a member of a rack's swarm go. If its record was lost, the contact
-- still says enough to take it out of the live sets.
local function expire_contact(entry, rack, part)
  local addr, second = string.match(entry, '^(%S+) ?(%S*)$')
  if load_host(addr) then
    expire_host(addr)
  else
    leave({ address = addr, also = second, rack = rack, state = part == ':seeders' and 'seeder' or 'paused' },
      'expired')
  end
end

-- earliest time when a host of the rack was last seen, or nil when there is none.
local function earliest(swarm)
  local seeder = tonumber(call('ZRANGE', swarm .. ':seeders', 0, 0, 'WITHSCORES')[2])
  local leecher = tonumber(call('ZRANGE', swarm .. ':leechers', 0, 0, 'WITHSCORES')[2])
  return seeder and leecher and math.min(seeder, leecher) or seeder or leecher
end

-- expire_rack lets at most budget hosts of a rack go, and returns how many more may.
local function expire_rack(rack, budget)
  local swarm = swarms_of(rack)[1]
  for _, part in ipairs({ ':seeders', ':leechers' }) do
    local entries = call('ZRANGEBYSCORE', swarm .. part, '-inf', due, 'LIMIT', 0, budget)
    for _, entry in ipairs(entries) do
      expire_contact(entry, rack, part)
    end
    budget = budget - #entries
  end
  local seen = earliest(swarm)
  local held = scope == 'rack' and lapse_leases(rack)
  if seen and held then
    seen = math.min(seen, held)
  end
  if seen then
    call('ZADD', oldest, seen, rack)
  else
    call('ZREM', oldest, rack)
  end
  return budget
end

-- expire returns whether some who are due may be left.
local function expire()
  local budget = EXPIRE_HOSTS
  for _, rack in ipairs(call('ZRANGEBYSCORE', oldest, '-inf', due, 'LIMIT', 0, EXPIRE_RACKS)) do
    if budget > 0 then
      budget = expire_rack(rack, budget)
    end
  end
  return call('ZCOUNT', oldest, '-inf', due) > 0
end
