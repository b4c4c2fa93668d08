-- Looking into swarms.

-- open_swarm looks at a swarm: its parts, each with the rank of its first living member,
-- and how many live in it. A seeder does not see seeders (R4).
local function open_swarm(host, base)
  local swarm = { total = 0 }
  for _, part in ipairs(host.state == 'seeder' and { ':leechers' } or { ':leechers', ':seeders' }) do
    local set = base .. part
    local first = backlog and call('ZCOUNT', set, '-inf', due) or 0
    local size = call('ZCARD', set) - first
    if size > 0 then
      swarm[#swarm + 1] = { set = set, first = first, size = size }
      swarm.total = swarm.total + size
    end
  end
  return swarm
end

-- window appends n members of a swarm from a place on; after the last comes the first.
local function window(swarm, place, n, out)
  for _, part in ipairs(swarm) do
    local size = math.min(n, part.size - place)
    if size > 0 then
      local from = part.first + place
      for _, entry in ipairs(call('ZRANGE', part.set, from, from + size - 1)) do
        out[#out + 1] = entry
      end
      n = n - size
    end
    place = math.max(place - part.size, 0)
  end
  if n > 0 then
    window(swarm, 0, n, out)
  end
end

-- fellows are the contacts of a group's other representatives, as far as the host may be
-- handed them.
local function fellows(host, addresses)
  local list = {}
  for _, addr in ipairs(addresses) do
    if addr ~= host.address then
      local r = call('HMGET', record_key(addr), 'state', 'also')
      if r[1] and not (host.state == 'seeder' and r[1] == 'seeder') then
        list[#list + 1] = contact({ address = addr, also = r[2] })
      end
    end
  end
  return list
end

local function peer_ids(contacts)
  local list = {}
  for i, entry in ipairs(contacts) do
    list[i] = call('HGET', record_key(string.match(entry, '^%S+')), 'peer_id') or ''
  end
  return list
end
