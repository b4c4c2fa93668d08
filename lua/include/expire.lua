-- Hosts that were silent for too long leave within the announces of others, a bounded
-- few at a time. `expires` holds for each rack a time before which none of its hosts
-- expires; it may lie too early, never too late (but for a PEER_TTL that was lowered: that
-- takes hold within the old one).
local EXPIRE_RACKS, EXPIRE_HOSTS = 4, 16

local function expire_host(addr)
  local host = load(addr)
  if host and host.live then
    leave(host)
    call('HSET', record_key(addr), 'state', 'gone')
  end
end

-- earliest deadline in a rack, or nil when it is empty.
local function earliest(swarm)
  local seeder = tonumber(call('ZRANGE', swarm .. ':seeders', 0, 0, 'WITHSCORES')[2])
  local leecher = tonumber(call('ZRANGE', swarm .. ':leechers', 0, 0, 'WITHSCORES')[2])
  return seeder and leecher and math.min(seeder, leecher) or seeder or leecher
end

-- expire returns whether some who are due may be left: then all that is handed out must
-- be looked at twice.
local function expire()
  local due_racks = call('ZRANGEBYSCORE', expires, '-inf', now, 'LIMIT', 0, EXPIRE_RACKS)
  local budget = EXPIRE_HOSTS
  for _, rack in ipairs(due_racks) do
    local swarm = swarms_of(rack)[1]
    for _, part in ipairs({ ':seeders', ':leechers' }) do
      local due = call('ZRANGEBYSCORE', swarm .. part, '-inf', now, 'LIMIT', 0, budget)
      for _, contact_due in ipairs(due) do
        expire_host(string.match(contact_due, '^%S+'))
        call('ZREM', swarm .. part, contact_due) -- even if its record was lost
      end
      budget = budget - #due
    end
    local deadline = earliest(swarm)
    if deadline then
      call('ZADD', expires, deadline, rack)
    else
      call('ZREM', expires, rack)
    end
    if budget == 0 then
      break
    end
  end
  return #call('ZRANGEBYSCORE', expires, '-inf', now, 'LIMIT', 0, 1) == 1
end
