-- A host is { address, id, state, left, rack, also, live, seen }: its record, as far as the
-- decisions need it. state: leecher, seeder, paused (a partial seed) or gone; seen: when it
-- last announced, known once this announce is settled. Of the host that announces also:
-- joined, it was not live before; before, what it lacked when it announced last, nil if it
-- never did.

-- load_host reads the host recorded at an address, or nil. The record of a second address
-- only names the first.
local function load_host(addr)
  local record_name = record_key(addr)
  local r = call('HMGET', record_name, 'peer_id', 'key', 'state', 'left', 'rack', 'also')
  if not r[1] then
    local first = call('HGET', record_name, 'host')
    return first and load_host(first) or nil
  end
  return { address = addr, id = r[1] .. r[2], state = r[3], left = r[4], rack = r[5],
    also = r[6], live = r[3] ~= 'gone' }
end

-- contact is a host as it is handed out: its one or two addresses.
local function contact(host)
  if host.also == '' then
    return host.address
  end
  return host.address .. ' ' .. host.also
end

-- kind is which part of a swarm a live host is in.
local function kind(host)
  return host.state == 'seeder' and ':seeders' or ':leechers'
end
